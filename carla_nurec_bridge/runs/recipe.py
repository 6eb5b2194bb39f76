"""The recipe of a demo, for ``carla-nurec demo`` and the launch files alike.

Whatever is asked for becomes one run, and the scene of that run is made: there is no other way from
a command line to either.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ..core.errors import InputError
from ..core.resources import map_file
from ..core.rig.rig import load_rig
from ..core.run_contract.run_config import RunConfig
from ..recorder_log import read_log
from ..recorder_log.timeline import Timeline
from ..scenarios.files import DrivenFile, load_driven, load_scenario
from ..scenarios.spec import ScenarioSpec
from ..scene import build_scene
from ..scene.build.assembling import GaussianSource
from ..world.inserted_actors import draw_inserted_actors
from ..world.inserted_actors_file import load_inserted_actors, shipped_inserted_actors
from .map_of import recorded_map
from .rehearsal import OnProgress, record_scenario, rehearse
from .run_folder import clear

EPOCH_US = 1_700_000_000_000_000
"""When every demo begins. A fixed instant, so that two runs with one seed have equal stamps."""
_TOWN = "demo_town"


def implied(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what these fields say besides: a scenario is shown to its end unless frames are given.

    ``given`` holds only what the user asked for, no defaults.
    """
    return {"frames": 0} if given.get("scenario") and "frames" not in given else {}


def as_driven(config: RunConfig) -> RunConfig:
    """Return a run as the closed-loop scenario that it drives says; others stay as they are."""
    scenario = load_driven(config.scenario) if config.scenario else None
    return driven(config, scenario) if scenario is not None else config


def settled(config: RunConfig) -> RunConfig:
    """Return the run that is asked for, with its map, and as many frames as its recording has.

    InputError for what is better told now than after a rehearsal.
    """
    if config.scene_fit_steps and not config.scene_gaussians:
        raise InputError(
            "scene_fit_steps (--fit) fits Gaussians; ask for some: scene_gaussians (--gaussians)"
        )
    if config.inserted_actors:
        draw_inserted_actors(load_inserted_actors(config.inserted_actors), config.seed)
    if config.scenario:
        config = _of_a_scenario(config)
    if config.log is not None:
        world = recorded_map(config.log, config.map)
        config = config.model_copy(update={"frames": frames_to_replay(config, config.log)})
    else:
        world = config.map or map_file(_TOWN)
    if not world.is_file():
        raise InputError(f"there is no file {world}")
    return config.model_copy(update={"map": world})


def _of_a_scenario(config: RunConfig) -> RunConfig:
    """Return the run of a scenario; InputError when it cannot be one."""
    if config.scenario in {file.name for file in shipped_inserted_actors()}:
        raise InputError(
            f"{config.scenario} is no scenario but actors to insert: give it as inserted_actors "
            "(the demo's --insert)"
        )
    spec = load_scenario(config.scenario)
    if not isinstance(spec, ScenarioSpec):
        return driven(config, spec)
    if config.mode != "drive" or config.inserted_actors:
        besides = "inserted_actors" if config.inserted_actors else f"mode {config.mode}"
        raise InputError(f"the scenario {spec.name} is a drive of its own; leave out {besides}")
    most = max(1, int(spec.duration_s / (config.dt_s * config.replay_time_factor)))
    return config.model_copy(update={"frames": min(config.frames or most, most)})


def driven(config: RunConfig, scenario: DrivenFile) -> RunConfig:
    """Return the run in which a closed-loop scenario is driven, with its map and its frames.

    InputError for what it does not go with.
    """
    if config.mode != "drive":
        raise InputError(f"the scenario {scenario.name} is driven; leave out mode {config.mode}")
    if config.inserted_actors and scenario.inserted_actors not in ("", config.inserted_actors):
        raise InputError(
            f"the scenario {scenario.name} inserts {scenario.inserted_actors} already; leave out "
            "inserted_actors (the demo's --insert)"
        )
    most = math.ceil(scenario.duration_s / config.dt_s - 1e-9)
    found: dict[str, Any] = {
        "frames": min(config.frames or most, most),
        "vehicles": scenario.vehicles,
        "inserted_actors": config.inserted_actors or scenario.inserted_actors,
    }
    if config.map is None and config.embedded_carla:
        found["map"] = map_file(scenario.map or _TOWN)
    return config.model_copy(update=found)


def frames_to_replay(config: RunConfig, log: Path) -> int:
    """Return how many of the wanted frames a recording has behind ``config.replay_start_s``.

    A run without end ends with its recording. InputError when not even one frame is left.
    """
    timeline = Timeline.of_log(read_log(log))
    begin_s = timeline.begin(config.replay_start_s)
    most = timeline.steps(begin_s, config.dt_s * config.replay_time_factor)
    if most < 1:
        raise InputError(
            f"{log} lasts {timeline.total_s:g} s; from {begin_s:g} s on that is less than two "
            f"frames of {config.dt_s:g} s"
        )
    return min(config.frames or most, most)


def _sampling(config: RunConfig, on_progress: OnProgress) -> GaussianSource | None:
    """Return what samples a run's scene as Gaussians, and fits them; None where meshes are."""
    count, steps = config.scene_gaussians, config.scene_fit_steps
    if not count:
        return None
    # Only now what draws: it loads numba, and most demos show meshes.
    from ..scene.splats.sampled_street import StreetSampling, sampled_street

    if not steps:
        return partial(sampled_street, wish=StreetSampling(count))
    from ..scene.splats.refitting import fitted_street

    def on_step(done: int, total: int) -> None:
        on_progress("fit", done, total)

    return partial(
        fitted_street,
        wish=StreetSampling(count),
        steps=steps,
        on_step=on_step,
        folder=config.run_dir / "fit",
    )


def prepared(config: RunConfig, on_progress: OnProgress) -> RunConfig:
    """Empty the folder of a settled run, make its scene there unless it has one, and return it."""
    clear(config.run_dir, [path for path in (config.scene, config.log) if path is not None])
    log, epoch_us = config.log, None
    if config.scenario and isinstance(load_scenario(config.scenario), ScenarioSpec):
        log, epoch_us = record_scenario(config, on_progress), EPOCH_US
        replayed = {"mode": "replay", "log": log, "frames": frames_to_replay(config, log)}
        config = config.model_copy(update=replayed)
    if config.scene is not None:
        return config
    if log is None:
        log, epoch_us = config.run_dir / "rehearsal.log", EPOCH_US
        rehearse(config, log, on_progress)
    on_progress("scene", 0, 1)
    scene = config.run_dir / "scene.usdz"
    build_scene(
        config.map or map_file(_TOWN),
        log,
        load_rig(config.rig),
        scene,
        epoch_us=epoch_us,
        gaussians=_sampling(config, on_progress),
    )
    on_progress("scene", 1, 1)
    return config.model_copy(update={"scene": scene})
