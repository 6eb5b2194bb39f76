"""Drive a scenario, let CARLA record it, and write down what the recording holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ..carla_client.replay.rehearsal import rehearse
from ..carla_client.session.episode_setup import EpisodeSetup
from ..carla_client.session.session import Session
from ..core.errors import InputError, RunError
from ..core.run_contract.timebase import seconds_to_ns
from ..evaluation.incidents.lanes import MapLanes
from ..recorder_log import read_log
from .detect import find_events
from .events import ScenarioEvent, write_events
from .scene import HERO, HERO_BLUEPRINT, ScriptScene
from .scripts import SCRIPTS
from .spec import Draw, ScenarioSpec, draw
from .strollers import Strollers

_TRIES = 4
_ANSWER_S = 20.0
_START_S = 90.0
_ROUTE_MARGIN_M = 60.0
OnFrame = Callable[[int, int], None]


@dataclass(frozen=True)
class Recorded:
    """A recorded scenario: the recording, the file of its events, and the events."""

    log: Path
    events_file: Path
    events: tuple[ScenarioEvent, ...]
    tries: int


def record_at(
    address: tuple[str, int],
    map_name: str,
    spec: ScenarioSpec,
    seed: int,
    dt_s: float,
    log: Path,
    on_frame: OnFrame,
) -> Recorded:
    """Drive a scenario as ``record`` in the CARLA at a host and port.

    Args:
        address: host and port of CARLA.
        map_name: map to load there; empty keeps the one it has.
        spec: the scenario.
        seed: seed of everything that is random.
        dt_s: simulated time of a frame, s.
        log: the recording to write; its events go to the ``.json`` beside it.
        on_frame: told after each frame how many are done, and of how many.
    """
    with Session(*address, _ANSWER_S) as session:
        session.open(_START_S)
        session.use_map(map_name)
        session.synchronise(seconds_to_ns(dt_s))
        return record(session, spec, seed, dt_s, log, on_frame)


def record(
    session: Session, spec: ScenarioSpec, seed: int, dt_s: float, log: Path, on_frame: OnFrame
) -> Recorded:
    """Drive a scenario in a synchronised session until its recording holds what it should.

    ``log`` and the ``.json`` beside it are replaced. The same seed on the same server gives the
    same drive. InputError when the map or the server does not fit, RunError when none of four
    draws comes out as the scenario demands.
    """
    failures = []
    lanes = MapLanes(session.opendrive)
    for attempt in range(_TRIES):
        drawn_seed = seed * _TRIES + attempt
        numbers = draw(spec, np.random.default_rng(drawn_seed))
        frames = round(spec.duration_s / dt_s)
        with Strollers(session, drawn_seed) as strollers:
            walkers = strollers.spawn(spec.walkers)

            def after_tick(done: int, total: int, strollers: Strollers = strollers) -> None:
                strollers.step()
                on_frame(done, total)

            _drive(session, spec, numbers, drawn_seed, frames, dt_s, log, after_tick)
        if not log.is_file():
            raise InputError(
                f"CARLA recorded nothing at {log}; recordings are written on CARLA's own machine, "
                "so give a path that it shares with this one"
            )
        events = find_events(read_log(log), lanes)
        wrong = _disagreement(spec, events)
        if wrong is None:
            beside = log.with_suffix(".json")
            head = {
                "scenario": spec.name,
                "script": spec.script,
                "description": spec.description,
                "seed": seed,
                "tries": attempt + 1,
                "map": session.map.name.split("/")[-1],
                "log": log.name,
                "walkers": walkers,
                "dt_s": dt_s,
                "duration_s": frames * dt_s,
                "drawn": asdict(numbers),
            }
            write_events(beside, head, events)
            return Recorded(log, beside, tuple(events), attempt + 1)
        failures.append(wrong)
    raise RunError(
        f"the scenario {spec.name} did not come out in {_TRIES} draws of seed {seed}: "
        f"{'; '.join(failures)}"
    )


def _drive(
    session: Session,
    spec: ScenarioSpec,
    numbers: Draw,
    seed: int,
    frames: int,
    dt_s: float,
    log: Path,
    on_frame: OnFrame,
) -> None:
    if spec.script == "traffic":
        route_m = numbers.ego_speed_mps * spec.duration_s + _ROUTE_MARGIN_M
        play = EpisodeSetup(seed, HERO_BLUEPRINT, HERO, spec.vehicles, route_m)
        rehearse(session, play, frames, dt_s, log, on_frame)
        return
    with ScriptScene(session, dt_s, seed) as scene:
        script = SCRIPTS[spec.script](scene, spec, numbers)
        next(script)
        session.client.start_recorder(str(log.resolve()), True)
        try:
            for frame in range(frames):
                if frame:
                    next(script, None)
                scene.tick()
                on_frame(frame + 1, frames)
        finally:
            script.close()
            session.client.stop_recorder()


def _disagreement(spec: ScenarioSpec, events: list[ScenarioEvent]) -> str | None:
    """Return what the recording lacks or must not hold, None when it is as it should be."""
    scripted = [event for event in events if event.scripted]
    found = {event.type for event in scripted}
    lacking = [kind for kind in spec.expect if kind not in found]
    if lacking:
        return f"no {lacking[0]} in it"
    wrong = [event for event in scripted if event.type in spec.forbid]
    return f"{wrong[0].sentence} at {wrong[0].start_s:.1f} s" if wrong else None
