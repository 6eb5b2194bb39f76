"""What is to be known of a frame: the ego, everything around it, and its front wheels."""

from __future__ import annotations

import carla

from ...world.pixel_ids import PixelIds
from ...world.states import WorldState
from ..session.session import Session
from .ego import Ego, measured_steer_rad
from .motion import MotionTracker
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
        self._motion = MotionTracker(ego, dt_s, from_poses=from_poses)
        self._objects = ObjectTracker(session.world, ego.actor.id, dt_s, from_poses=from_poses)
        self._wheels_are_known = not from_poses
        self.last: WorldState | None = None
        self.distance_m = 0.0
        self.steer_rad = 0.0

    @property
    def teleports(self) -> int:
        """How often the ego jumped."""
        return self._motion.teleports

    @property
    def pixel_ids(self) -> PixelIds:
        """The ids that instance pictures of the last frame show."""
        return self._objects.pixel_ids

    def update(self, snapshot: carla.WorldSnapshot, stamp_ns: int) -> WorldState:
        """Return the state of the next frame, which is stamped ``stamp_ns``."""
        ego = self._motion.update(snapshot)
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
