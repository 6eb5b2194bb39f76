"""A run driven once without sensors, whose recording its scene is built from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from ..core.run_contract import heartbeat
from ..core.run_contract.run_config import RunConfig, run_fields
from ..core.run_contract.timebase import seconds_to_ns
from ..scenarios.files import load_driven
from ..scenarios.spec import load_spec
from .graph import environment
from .processes.own_server import own_carla
from .processes.verb_process import run_verb

if TYPE_CHECKING:
    from ..carla_client.replay.rehearsal import Rehearsal

_SCENARIO_DT_S = (0.005, 0.1)
"""Frames with which scenarios are driven; a replay shows the moments between them too."""

STEPS = {
    "scenario": "recording the scenario",
    "rehearsal": "rehearsing",
    "scene": "building the scene",
    "fit": "fitting Gaussians",
    "frames": "driving",
    "report": "reporting",
}
"""What is being done in each step of a demo, in their order."""

OnProgress = Callable[[str, int, int], None]
"""Called with the name of the step, what is done, and the total (0: unknown)."""


def rehearse(config: RunConfig, log: Path, on_progress: OnProgress) -> None:
    """Drive the run once in a CARLA of its own, in a process of its own; record it to ``log``.

    A run without end is rehearsed for as long as a run without any other word.
    """
    frames = config.frames or run_fields()["frames"].default
    settings = config.model_dump(mode="json", exclude_none=True) | {"frames": frames}
    file = config.run_dir / "params" / "rehearsal.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(settings))
    verb = ("rehearse", "--config", str(file), "--map", str(config.map), "--out", str(log))
    _run(config, "rehearsal", verb, on_progress)


def record_scenario(config: RunConfig, on_progress: OnProgress) -> Path:
    """Drive the run's scenario in a CARLA of its own; return the recording (events beside it)."""
    folder = config.run_dir / "scenario"
    dt_s = min(max(config.dt_s, _SCENARIO_DT_S[0]), _SCENARIO_DT_S[1])
    verb = (
        *("scenario", "record", config.scenario, "--out", str(folder), "--seed", str(config.seed)),
        *("--map", str(config.map), "--dt", str(dt_s)),
    )
    _run(config, "scenario", verb, on_progress)
    return folder / f"{load_spec(config.scenario).name}_{config.seed}.log"


def _run(config: RunConfig, step: str, verb: tuple[str, ...], on_progress: OnProgress) -> None:
    log = config.run_dir / "logs" / f"{step}.log"
    run_verb(step, verb, log, environment(config), lambda *done: on_progress(step, *done))


def rehearse_here(config: RunConfig, log: Path) -> Rehearsal:
    """Start an embedded CARLA, rehearse the run in it, stop it; ``log`` is overwritten."""
    from ..carla_client.replay.rehearsal import rehearse as drive
    from ..carla_client.session.episode_setup import EpisodeSetup
    from ..carla_client.session.session import Session
    from ..scenarios.episode import with_scenario

    episode = EpisodeSetup(
        config.seed,
        config.ego_blueprint,
        config.role_name,
        config.vehicles,
        config.route_length_m,
    )
    scenario = load_driven(config.scenario) if config.scenario else None
    if scenario is not None:
        episode = with_scenario(episode, scenario, config.dt_s, drives_on=config.scenario_drives_on)
    with (
        own_carla(config, log.with_suffix(".server.log")),
        Session(config.carla_host, config.carla_port, config.carla_timeout_s) as session,
    ):
        session.open(config.start_deadline_s)
        session.synchronise(seconds_to_ns(config.dt_s))
        return drive(session, episode, config.frames, config.dt_s, log, heartbeat.progress)
