"""The ego's state at base_link, from CARLA's velocities or from differences of poses."""

from __future__ import annotations

import carla
import numpy as np

from ...core.errors import ProtocolError
from ...core.frames import (
    Matrix,
    invert,
    mirror_angular,
    mirror_vector,
    rotation_rate,
)
from ...world.states import EgoState, Vector
from ..session.session import matrix_of
from .ego import Ego

TELEPORT_MPS = 100.0


class MotionTracker:
    """Turns snapshots into the states of one vehicle.

    ``from_poses`` differentiates poses, for replays, where CARLA reports velocities of zero. A
    step faster than 100 m/s is a teleport: its motion is zero, and ``teleports`` counts it. Where
    a velocity cannot be told (there, and at the first of the poses) the next acceleration is zero.
    """

    def __init__(self, ego: Ego, dt_s: float, *, from_poses: bool) -> None:
        self._ego = ego
        self._dt_s = dt_s
        self._from_poses = from_poses
        self._pose: Matrix | None = None
        self._velocity_map: Vector | None = None
        self.teleports = 0

    def update(self, snapshot: carla.WorldSnapshot) -> EgoState:
        """Return the state at the next frame."""
        state = snapshot.find(self._ego.actor.id)
        if state is None:
            raise ProtocolError(
                f"the ego (actor {self._ego.actor.id}) is no longer in the world; "
                "was it destroyed, or has the recording ended?"
            )
        pose = matrix_of(state.get_transform()) @ invert(self._ego.base_from_actor)
        rotation = pose[:3, :3]
        teleported = self._teleported(pose)
        if teleported:
            velocity, angular = np.zeros(3), np.zeros(3)
        elif self._from_poses:
            velocity, angular = self._differences(pose)
        else:
            velocity, angular = self._reported(state, rotation)
        previous = self._velocity_map
        if previous is None or teleported:
            acceleration = np.zeros(3)
        else:
            acceleration = (velocity - previous) / self._dt_s
        known = not teleported and (self._pose is not None or not self._from_poses)
        self._pose, self._velocity_map = pose, velocity if known else None
        return EgoState(
            pose, rotation.T @ velocity, angular, rotation.T @ acceleration, self._ego.info.body
        )

    def _teleported(self, pose: Matrix) -> bool:
        if self._pose is None:
            return False
        step_m = np.linalg.norm(pose[:3, 3] - self._pose[:3, 3])
        jumped = bool(step_m > TELEPORT_MPS * self._dt_s)
        self.teleports += jumped
        return jumped

    def _differences(self, pose: Matrix) -> tuple[Vector, Vector]:
        if self._pose is None:
            return np.zeros(3), np.zeros(3)
        velocity = (pose[:3, 3] - self._pose[:3, 3]) / self._dt_s
        return velocity, rotation_rate(self._pose, pose, self._dt_s)

    def _reported(self, state: carla.ActorSnapshot, rotation: Matrix) -> tuple[Vector, Vector]:
        v, w = state.get_velocity(), state.get_angular_velocity()
        angular_map = np.radians(mirror_angular((w.x, w.y, w.z)))
        arm = rotation @ invert(self._ego.base_from_actor)[:3, 3]
        velocity = mirror_vector((v.x, v.y, v.z)) + np.cross(angular_map, arm)
        return velocity, rotation.T @ angular_map
