"""The episode that ``carla_ego`` prepares, from its parameters."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ...carla_client.replay.recorded_drive import ReplayPlan, ReplayWish
from ...carla_client.replay.scene_actors import Handover
from ...carla_client.session.episode_setup import EpisodeSetup
from ...core.errors import InputError
from ...scenarios.episode import with_scenario
from ...scenarios.files import DrivenFile, load_driven
from ...scene import Scene
from ...world.inserted_actors import draw_inserted_actors
from ...world.inserted_actors_file import load_inserted_actors
from .ego import EgoParameters


def replay_wish(p: EgoParameters) -> ReplayWish:
    """Return what of which recording mode replay shows."""
    return ReplayWish(
        Path(p.log), p.role_name, p.dt_ns, p.log_start_s, p.log_time_factor, p.ticks_per_frame
    )


def setup_from_parameters(
    p: EgoParameters, scene: Scene | None, replay: ReplayPlan | None
) -> EpisodeSetup:
    """Return the setup of a mode; InputError when mode scene has no scene."""
    vehicles = 0 if p.mode == "follow" else p.vehicles
    setup = EpisodeSetup(p.seed, p.blueprint, p.role_name, vehicles, p.route_length_m)
    if p.inserted_actors:
        if p.mode not in ("drive", "scene"):
            raise InputError(f"actors are inserted in the modes drive and scene, not in {p.mode}")
        setup = replace(
            setup,
            inserted_actors=draw_inserted_actors(load_inserted_actors(p.inserted_actors), p.seed),
        )
    if p.scenario:
        setup = with_scenario(setup, _driven(p), p.dt_s, drives_on=p.scenario_drives_on)
    if replay is not None:
        return replace(setup, replay=replay)
    if p.mode == "scene":
        if scene is None:
            raise InputError("mode scene replays a scene package; give the parameter scene")
        handover = Handover(
            p.handover_ego_s if p.handover_ego_s >= 0 else None,
            p.handover_ego_to == "traffic_manager",
            p.handover_tracks,
            p.handover_tracks_s,
        )
        return replace(setup, scene=scene, handover=handover)
    return setup


def _driven(p: EgoParameters) -> DrivenFile:
    scenario = load_driven(p.scenario)
    if scenario is None:
        raise InputError(
            f"the scenario {p.scenario} must be recorded before it is replayed, which the demo and "
            "carla-nurec scenario record do"
        )
    if p.mode != "drive":
        raise InputError(f"the scenario {scenario.name} is driven in mode drive, not in {p.mode}")
    return scenario


def added_names(p: EgoParameters) -> tuple[str, ...]:
    """Return the role_names of inserted actors, which are the tracks that NuRec gets for them."""
    if not p.inserted_actors:
        return ()
    return tuple(
        actor.name
        for actor in draw_inserted_actors(load_inserted_actors(p.inserted_actors), p.seed).actors
    )
