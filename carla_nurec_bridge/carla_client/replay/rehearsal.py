"""Drive a run once without sensors and let CARLA record it.

The same stage, agent and controller as in the closed loop, with the same seed: the recording has
every vehicle of the run near where it will be, which is what a scene package needs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...agents.route_follower import RouteAgent, obstacles_of, settings_for
from ...core.errors import InputError
from ...core.run_contract.timebase import seconds_to_ns
from ...world.command import Command
from ...world.states import ActorState
from ..actors.ego import measured_steer_rad
from ..actors.observer import WorldObserver
from ..driving.pedals import DriveController
from ..session.episode_setup import EpisodeSetup, PreparedEpisode
from ..session.session import Session

_MARGIN_FRAMES = 5


@dataclass(frozen=True)
class Rehearsal:
    """What a rehearsal did: its recording, the frames, the way driven in metres, the vehicles."""

    log: Path
    frames: int
    distance_m: float
    vehicles: int


def rehearse(
    session: Session,
    setup: EpisodeSetup,
    frames: int,
    dt_s: float,
    log: Path,
    on_frame: Callable[[int, int], None],
) -> Rehearsal:
    """Drive ``frames`` frames of ``dt_s`` seconds in a synchronised session; record to ``log``.

    InputError when the server does not record.
    """
    with PreparedEpisode(session, setup) as episode:
        episode.open()
        if episode.route is None:
            raise InputError("a rehearsal drives a route; it cannot replay a recording")
        answer = session.client.start_recorder(str(log.resolve()), True)
        agent = RouteAgent(episode.route.points, settings_for(episode.ego.info), dt_s)
        controller = DriveController(episode.ego.info, dt_s)
        observer = WorldObserver(session, episode.ego, episode.lights, dt_s, from_poses=False)
        before: Sequence[ActorState] = ()
        snapshot, total, distance_m = episode.snapshot, frames + _MARGIN_FRAMES, 0.0
        for frame in range(total):
            state = observer.update(snapshot, seconds_to_ns(frame * dt_s))
            ego = state.ego
            if episode.scenario is not None:
                episode.scenario.update(snapshot, state)
            drive = agent.step(
                ego.map_from_base,
                ego.speed_mps,
                obstacles_of(state.actors, before, dt_s),
                state.lights,
            )
            before = state.actors
            # The node's command goes through a float32 message.
            command = Command(
                "ackermann", float(np.float32(drive.steer_rad)), float(np.float32(drive.speed_mps))
            )
            steer_rad = measured_steer_rad(episode.ego)
            control = controller.control(command, ego.speed_mps, steer_rad)
            episode.ego.actor.apply_control(control)
            episode.before_tick((frame + 1) * dt_s)
            snapshot = session.tick()
            distance_m += ego.speed_mps * dt_s
            on_frame(frame + 1, total)
        session.client.stop_recorder()
        if not log.is_file():
            raise InputError(f"CARLA recorded nothing at {log}: {' '.join(answer.split())}")
        return Rehearsal(log, frames, distance_m, len(before))
