"""What is to be known of a frame: the ego's motion, its steering, everything around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import carla

from ...opendrive.geo_reference import to_earth
from ...world.pixel_ids import PixelIds
from ..session.session import Session
from .ego import Ego, measured_steer_rad
from .motion import Motion, MotionTracker
from .objects import ObjectState, ObjectTracker, labels_of


@dataclass(frozen=True)
class FrameState:
    """One frame.

    ``geodetic`` is the WGS84 latitude and longitude (deg) and altitude (m) of the ego;
    ``pixel_ids`` know whole ids from those in instance pictures.
    """

    motion: Motion
    geodetic: tuple[float, float, float]
    objects: Sequence[ObjectState]
    pixel_ids: PixelIds


class FrameObserver:
    """Turns snapshots into states. ``from_poses`` is for actors that a replay moves.

    ``distance_m`` is the way that the ego has come, ``steer_rad`` the angle of its front wheels
    (left positive) as last measured.
    """

    def __init__(self, session: Session, ego: Ego, dt_s: float, *, from_poses: bool) -> None:
        self._place = session.opendrive.geo_reference
        self._ego = ego
        self._motion = MotionTracker(ego, dt_s, from_poses=from_poses)
        labels = labels_of(session.world.get_blueprint_library())
        self._objects = ObjectTracker(
            session.world, ego.actor.id, dt_s, labels, from_poses=from_poses
        )
        self._wheels_are_known = not from_poses
        self.last: FrameState | None = None
        self.distance_m = 0.0
        self.steer_rad = 0.0

    @property
    def teleports(self) -> int:
        """How often the ego jumped."""
        return self._motion.teleports

    def update(self, snapshot: carla.WorldSnapshot) -> FrameState:
        """Return the state of the next frame."""
        motion = self._motion.update(snapshot)
        if self.last is not None:
            before = self.last.motion.map_from_base
            step = motion.map_from_base[:2, 3] - before[:2, 3]
            self.distance_m += float((step @ step) ** 0.5)
        # Not by CARLA's client: of the map's projection it knows the origin only, and mirrors it.
        latitude, longitude, altitude_m = to_earth(self._place, motion.map_from_base[:3, 3])
        geodetic = (float(latitude), float(longitude), float(altitude_m))
        objects = self._objects.update(snapshot)
        self.last = FrameState(motion, geodetic, objects, self._objects.pixel_ids)
        return self.last

    def measure_wheels(self) -> None:
        """Ask CARLA for the angle of the front wheels; in a replay, for what the steer gave.

        A server that draws its pictures first answers when they are done.
        """
        self.steer_rad = self._steer_rad()

    def _steer_rad(self) -> float:
        if self._wheels_are_known:
            return measured_steer_rad(self._ego)
        speed_mps = self.last.motion.speed_mps if self.last is not None else 0.0
        limit_rad = self._ego.info.steer_limit_rad(speed_mps)
        return float(-self._ego.actor.get_control().steer * limit_rad)
