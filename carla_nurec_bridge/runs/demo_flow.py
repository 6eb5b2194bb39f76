"""The steps of the demo: rehearse, build the scene, run the graph, report."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..core.errors import BridgeError, InputError, RunError
from ..core.ports import free_port, own_domain
from ..core.resources import map_file
from ..core.rig.rig import load_rig
from ..core.run_contract.run_config import RunConfig
from ..recorder_log import read_log
from ..recorder_log.timeline import Timeline
from ..report import Report, RunFacts, write_report
from ..report.extras_sheet import write_extras_sheet
from ..scene import build_scene
from ..world.inserted_actors import draw_extras
from ..world.inserted_actors_file import load_extras
from .child import Child
from .config import load_config
from .environment import environment
from .graph import build_graph
from .map_of import recorded_map
from .process import Process
from .supervisor import HEARTBEAT_DEADLINE_S, RunResult, Supervisor

EPOCH_US = 1_700_000_000_000_000
"""When every demo begins. A fixed instant, so that two runs with one seed have equal stamps."""

_ARTEFACTS = (
    "bag",
    "controls",
    "variants",
    "parts",
    "params",
    "logs",
    "rehearsal.log",
    "rehearsal.server.log",
    "scene.usdz",
    "report.json",
    "report.md",
    "contact_sheet.png",
    "extras.png",
)
_MARKER = ".carla_nurec_run"
_POLL_S = 0.05
_SET_BY_THE_DEMO = {
    "frames": "the demo counts its frames from --seconds; use that",
    "scene": "the demo builds its own scene; carla-nurec up runs with yours",
}

OnProgress = Callable[[str, int, int], None]
"""Called with the name of the step, what is done, and the total (0: unknown)."""


@dataclass(frozen=True)
class DemoOptions:
    """What the user asked for.

    ``replay`` is a CARLA recording driven instead of the agent, ``extras`` who is added to it.
    """

    out: Path
    seconds: float
    seed: int
    replay: Path | None
    map: Path | None
    settings: Mapping[str, Any]
    extras: str = ""


@dataclass(frozen=True)
class DemoRun:
    """One run of the demo: how it ended, its report if there is one, wall time in seconds."""

    result: RunResult
    report: Report | None
    wall_s: float

    @property
    def exit_code(self) -> int:
        """0 when the run finished and every stream is complete."""
        if not self.result.ok:
            return self.result.exit_code
        return 0 if self.report is not None and self.report.complete else 1


def configure(options: DemoOptions) -> RunConfig:
    """Return the run's configuration with free ports and a ROS domain of its own.

    The scene is not part of it yet: it is built later.
    """
    world = _world(options)
    for name, instead in _SET_BY_THE_DEMO.items():
        if name in options.settings:
            raise InputError(f"--set {name}: {instead}")
    overrides: dict[str, Any] = {
        "run_dir": options.out,
        "map": world,
        "seed": options.seed,
        "extras": options.extras,
        "carla_port": free_port(pair=True),
        "nurec_port": free_port(),
        "domain_id": own_domain(),
    }
    if options.replay is not None:
        overrides |= {
            "mode": "replay",
            "log": options.replay,
            "agent": False,
            "vehicles": 0,
        }
    config = load_config("demo", **{**overrides, **options.settings})
    if config.extras:
        draw_extras(load_extras(config.extras), config.seed)  # a mistake in it is better told now
    frames = max(1, round(options.seconds / config.dt_s))
    config = config.model_copy(update={"frames": frames})
    if options.replay is None:
        return config
    return config.model_copy(update={"frames": frames_to_replay(config, options.replay)})


def _world(options: DemoOptions) -> Path:
    """Return the map of the run; InputError when it or the recording is not there."""
    if options.replay is not None and not options.replay.is_file():
        raise InputError(f"there is no file {options.replay}")
    if options.replay is not None:
        world = recorded_map(options.replay, options.map)
    else:
        world = map_file(options.map or "demo_town")
    if not world.is_file():
        raise InputError(f"there is no file {world}")
    return world


def run_demo(config: RunConfig, on_progress: OnProgress) -> DemoRun:
    """Run the whole demo in ``config.run_dir``, whose artefacts of an earlier run are replaced."""
    started = time.monotonic()
    out = config.run_dir
    clear(out)
    log = config.log
    if log is None:
        log = out / "rehearsal.log"
        rehearse(config, log, on_progress)
    on_progress("scene", 0, 1)
    scene = out / "scene.usdz"
    epoch_us = EPOCH_US if config.log is None else None
    build_scene(config.map, log, load_rig(config.rig), scene, epoch_us=epoch_us)  # type: ignore[arg-type]
    on_progress("scene", 1, 1)
    config = config.model_copy(update={"scene": scene})
    supervisor = Supervisor(build_graph(config), lambda d, t: on_progress("frames", d, t))
    result = supervisor.run()
    on_progress("report", 0, 1)
    report = _report(config, result)
    if config.extras and report is not None:
        actors = draw_extras(load_extras(config.extras), config.seed).actors
        write_extras_sheet(out, [actor.name for actor in actors])
    on_progress("report", 1, 1)
    return DemoRun(result, report, time.monotonic() - started)


def frames_to_replay(config: RunConfig, log: Path) -> int:
    """Return how many of the wanted frames a recording has behind ``config.replay_start_s``.

    InputError when not even one is left.
    """
    timeline = Timeline.of_log(read_log(log))
    begin_s = timeline.begin(config.replay_start_s)
    most = timeline.steps(begin_s, config.dt_s * config.replay_time_factor)
    if most < 1:
        raise InputError(
            f"{log} lasts {timeline.total_s:g} s; from {begin_s:g} s on that is less than two "
            f"frames of {config.dt_s:g} s"
        )
    return min(config.frames, most)


def rehearse(config: RunConfig, log: Path, on_progress: OnProgress) -> None:
    """Drive the run once without sensors, in a process of its own, and record it to ``log``."""
    settings = config.model_dump(mode="json", exclude_none=True)
    file = config.run_dir / "params" / "rehearsal.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump({k: v for k, v in settings.items() if k != "map"}))
    argv = (
        sys.executable,
        "-m",
        "carla_nurec_bridge.cli.main",
        "rehearse",
        "--config",
        str(file),
        "--map",
        str(config.map),
        "--out",
        str(log),
        "--port",
        str(config.carla_port),
    )
    process = Process("rehearsal", argv, environment(config), None, True)
    child = Child(process, config.run_dir / "logs" / "rehearsal.log")
    try:
        while child.code() is None:
            child.listen(lambda done, total: on_progress("rehearsal", done, total))
            if child.silent_s() > HEARTBEAT_DEADLINE_S:
                raise RunError(
                    f"the rehearsal gave no sign of life for {child.silent_s():.1f} s; "
                    f"its log: {child.log}"
                )
            time.sleep(_POLL_S)
    finally:
        child.terminate()
        child.close(grace_s=10.0)
    if child.code() == InputError.exit_code:
        raise InputError(child.last_error().partition("error: ")[2])
    if child.code() != 0:
        raise RunError(
            f"the rehearsal ended with code {child.code()}: {child.last_error()}; "
            f"its log: {child.log}"
        )


def _report(config: RunConfig, result: RunResult) -> Report | None:
    """Write the report; None when an aborted run left nothing to report on."""
    facts = RunFacts(
        mode=config.mode,
        seed=config.seed,
        outcome=result.sentence,
        exit_code=result.exit_code,
        run_wall_s=result.wall_s,
        map=config.map.name if config.map else None,
        rig=config.rig,
        ticks_per_frame=config.ticks_per_frame,
    )
    try:
        return write_report(config.run_dir, facts)
    except BridgeError:
        if result.ok:
            raise
        return None


def clear(out: Path) -> None:
    """Remove what an earlier run left in ``out``; InputError when the folder is not a run's."""
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file; name a folder")
    try:
        _empty(out)
    except OSError as error:
        raise InputError(f"cannot write in {out}: {error.strerror}; name another folder") from error


def _empty(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    marker = out / _MARKER
    if not marker.exists() and any(out.iterdir()):
        raise InputError(f"{out} holds files of something else; name a new or empty folder")
    marker.touch()
    for name in _ARTEFACTS:
        path = out / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
