"""Drive a run once without sensors and let CARLA record it.

The same stage, agent and controller as in the closed loop, with the same seed: the recording has
every vehicle of the run near where it will be, which is what a scene package needs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...agents.route_follower import Obstacle, RouteAgent, settings_for
from ...core.errors import InputError
from ...world.command import Command
from ..actors.ego import measured_steer_rad
from ..actors.motion import MotionTracker
from ..actors.objects import ObjectState, ObjectTracker, labels_of
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
    play: EpisodeSetup,
    frames: int,
    dt_s: float,
    log: Path,
    on_frame: Callable[[int, int], None],
) -> Rehearsal:
    """Drive ``frames`` frames of ``dt_s`` seconds in a synchronised session; record to ``log``.

    InputError when the server does not record.
    """
    with PreparedEpisode(session, play) as stage:
        stage.open()
        if stage.route is None:
            raise InputError("a rehearsal drives a route; it cannot replay a recording")
        answer = session.client.start_recorder(str(log.resolve()), True)
        agent = RouteAgent(stage.route.points, settings_for(stage.ego.info), dt_s)
        controller = DriveController(stage.ego.info, dt_s)
        tracker = MotionTracker(stage.ego, dt_s, from_poses=False)
        objects = ObjectTracker(
            session.world,
            stage.ego.actor.id,
            dt_s,
            labels_of(session.world.get_blueprint_library()),
            from_poses=False,
        )
        before: dict[int, ObjectState] = {}
        snapshot, total, distance_m = stage.snapshot, frames + _MARGIN_FRAMES, 0.0
        for frame in range(total):
            motion = tracker.update(snapshot)
            states = objects.update(snapshot)
            red = [a.stop for a in stage.lights.areas if a.state() in ("red", "yellow")]
            obstacles = [_obstacle(state, before.get(state.actor.id), dt_s) for state in states]
            drive = agent.step(
                motion.map_from_base, motion.speed_mps, obstacles, np.array(red).reshape(-1, 3)
            )
            before = {state.actor.id: state for state in states}
            # The node's command goes through a float32 message.
            command = Command(
                "ackermann", float(np.float32(drive.steer_rad)), float(np.float32(drive.speed_mps))
            )
            steer_rad = measured_steer_rad(stage.ego)
            control = controller.control(command, motion.speed_mps, steer_rad)
            stage.ego.actor.apply_control(control)
            snapshot = session.tick()
            distance_m += motion.speed_mps * dt_s
            on_frame(frame + 1, total)
        session.client.stop_recorder()
        if not log.is_file():
            raise InputError(f"CARLA recorded nothing at {log}: {' '.join(answer.split())}")
        return Rehearsal(log, frames, distance_m, len(states))


def _obstacle(state: ObjectState, before: ObjectState | None, dt_s: float) -> Obstacle:
    speed_mps = 0.0
    if before is not None:
        moved = state.map_from_box[:3, 3] - before.map_from_box[:3, 3]
        forward = state.map_from_box[:2, 0] / np.linalg.norm(state.map_from_box[:2, 0])
        speed_mps = float(moved[:2] @ forward) / dt_s
    return Obstacle(state.map_from_box, state.actor.size_m, speed_mps)
