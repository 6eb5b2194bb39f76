"""The constant-velocity baseline: it keeps what it had at hand-over, and never looks."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..core.frames import Matrix
from ..world.states import WorldState
from ..world.vehicle_info import VehicleInfo
from .agent import DriveTarget
from .corridor import Corridor
from .route_ahead import RouteAhead
from .steering import pursue, reach_m

Keeps = Literal["heading", "lane"]

_STANDS_MPS = 0.5


class ConstantVelocityAgent:
    """Holds the speed that the ego has at ``from_ns``, straight on or along the route's lane.

    * route: (N, 3) in the map; only ``keeps`` lane follows it.
    * from_ns: the stamp of the hand-over; until then it asks for what the ego does.
    * start_mps: the speed of one who stands at the hand-over.
    """

    def __init__(
        self,
        route: NDArray[np.float64],
        vehicle: VehicleInfo,
        keeps: Keeps,
        from_ns: int,
        start_mps: float,
    ) -> None:
        self._corridor = Corridor(route[:, :2])
        self._place = RouteAhead(route)
        self._vehicle = vehicle
        self._keeps = keeps
        self._from_ns = from_ns
        self._start_mps = start_mps
        self._kept: tuple[Matrix, float] | None = None

    def step(self, world: WorldState) -> DriveTarget:
        """Return what to do at this moment."""
        pose, speed_mps = world.ego.map_from_base, world.ego.speed_mps
        self._place.advance(pose)
        if self._kept is None:
            if world.stamp_ns < self._from_ns:
                return DriveTarget(0.0, speed_mps)
            kept_mps = self._start_mps if abs(speed_mps) < _STANDS_MPS else speed_mps
            self._kept = (pose, kept_mps)
        started, kept_mps = self._kept
        aim_m = reach_m(speed_mps)
        if self._keeps == "lane":
            aim = self._corridor.point(self._place.travelled_m + aim_m)
        else:
            ahead = started[:2, 0] / np.linalg.norm(started[:2, 0])
            come_m = float((pose[:2, 3] - started[:2, 3]) @ ahead)
            aim = started[:2, 3] + (come_m + aim_m) * ahead
        vehicle = self._vehicle
        steer_rad = pursue(aim, pose, speed_mps, vehicle.wheelbase_m, vehicle.steer_limits)
        return DriveTarget(steer_rad, kept_mps)
