"""Snapshots of CARLA turned into states of the world: the ego, and everything around it."""

from __future__ import annotations

import carla
import numpy as np

from ...core.errors import ProtocolError
from ...core.frames import Matrix, invert, mirror_angular, mirror_vector, rotation_rate
from ...world.pixel_ids import PixelIds
from ...world.states import TELEPORT_MPS, EgoState, Vector, WorldState
from ..session.session import Session
from ..session.transforms import matrix_of
from .ego import Ego, measured_steer_rad
from .objects import ObjectTracker
from .signals import Lights


class WorldObserver:
    """Turns snapshots into states. ``from_poses`` is for actors that a replay moves.

    ``distance_m`` is the way that the ego has come, ``steer_rad`` the angle of its front wheels
    (left positive) as last measured.
    """

    def __init__(
        self, session: Session, ego: Ego, lights: Lights, dt_s: float, *, from_poses: bool
    ) -> None:
        self._ego = ego
        self._lights = lights
        self._tracker = EgoTracker(ego, dt_s, from_poses=from_poses)
        self._objects = ObjectTracker(session.world, ego.actor.id, dt_s, from_poses=from_poses)
        self._wheels_are_known = not from_poses
        self.last: WorldState | None = None
        self.distance_m = 0.0
        self.steer_rad = 0.0

    @property
    def teleports(self) -> int:
        """How often the ego jumped."""
        return self._tracker.teleports

    @property
    def pixel_ids(self) -> PixelIds:
        """The ids that instance pictures of the last frame show."""
        return self._objects.pixel_ids

    def update(self, snapshot: carla.WorldSnapshot, stamp_ns: int) -> WorldState:
        """Return the state of the next frame, which is stamped ``stamp_ns``."""
        ego = self._tracker.update(snapshot)
        if self.last is not None:
            step = ego.map_from_base[:2, 3] - self.last.ego.map_from_base[:2, 3]
            self.distance_m += float((step @ step) ** 0.5)
        actors = tuple(self._objects.update(snapshot))
        self.last = WorldState(stamp_ns, ego, actors, self._lights.shown())
        return self.last

    def measure_wheels(self) -> None:
        """Ask CARLA for the angle of the front wheels; in a replay, for what the steer gave.

        A server that draws its pictures first answers when they are done.
        """
        self.steer_rad = self._steer_rad()

    def _steer_rad(self) -> float:
        if self._wheels_are_known:
            return measured_steer_rad(self._ego)
        speed_mps = self.last.ego.speed_mps if self.last is not None else 0.0
        limit_rad = self._ego.info.steer_limit_rad(speed_mps)
        return float(-self._ego.actor.get_control().steer * limit_rad)


class EgoTracker:
    """Turns snapshots into the states of one vehicle.

    ``from_poses`` differentiates poses, for replays, where CARLA reports velocities of zero. A
    step faster than 100 m/s is a teleport: its motion is zero, and ``teleports`` counts it. Where
    a velocity cannot be told (there, and at the first of the poses) the next acceleration is zero.
    """

    def __init__(self, ego: Ego, dt_s: float, *, from_poses: bool) -> None:
        self._ego = ego
        self._actor_from_base = invert(ego.base_from_actor)
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
        pose = matrix_of(state.get_transform()) @ self._actor_from_base
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
        arm = rotation @ self._actor_from_base[:3, 3]
        velocity = mirror_vector((v.x, v.y, v.z)) + _cross(angular_map, arm)
        return velocity, rotation.T @ angular_map


def _cross(left: Vector, right: Vector) -> Vector:
    """Return the product of two vectors: numpy's takes ten times as long, for the same bits."""
    (a, b, c), (x, y, z) = left.tolist(), right.tolist()
    return np.array([b * z - c * y, c * x - a * z, a * y - b * x])
