"""Follow a plan of poses and times: pure pursuit of its path, at the speed that its times ask."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.frames import Matrix, invert
from ..core.run_contract.timebase import NS_PER_S, seconds_to_ns
from ..world.timed_path import TimedPath
from ..world.vehicle_info import VehicleInfo
from .agent import DriveTarget

_LOOKAHEAD_S = 0.8
_LOOKAHEAD_MIN_M = 4.0
_SPEED_S = 0.5
"""The speed asked for brings the ego in this time to where the plan then is."""


@dataclass(frozen=True, eq=False)
class _Line:
    """A polyline (N, 2), and how far along it each point is."""

    xy: NDArray[np.float64]
    along_m: NDArray[np.float64]

    def project(self, xy: NDArray[np.float64]) -> float:
        """Return how far along it a point is nearest."""
        if len(self.xy) == 1:
            return 0.0
        steps = np.diff(self.xy, axis=0)
        lengths = np.maximum((steps**2).sum(axis=1), 1e-12)
        share = np.clip(((xy - self.xy[:-1]) * steps).sum(axis=1) / lengths, 0.0, 1.0)
        feet = self.xy[:-1] + share[:, None] * steps
        nearest = int(np.argmin(((feet - xy) ** 2).sum(axis=1)))
        return float(self.along_m[nearest] + share[nearest] * math.sqrt(lengths[nearest]))

    def point(self, at_m: float, heading: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the point so far along; beyond its end it goes on along ``heading``."""
        beyond_m = max(0.0, at_m - float(self.along_m[-1]))
        x, y = (float(np.interp(at_m, self.along_m, self.xy[:, axis])) for axis in (0, 1))
        return np.array([x, y]) + beyond_m * heading


def follow_plan(
    plan: TimedPath, stamp_ns: int, map_from_base: Matrix, speed_mps: float, vehicle: VehicleInfo
) -> DriveTarget:
    """Return what to do now to be where a plan asks, when it asks; after its end, to stand.

    * plan: from ``stamp_ns`` or before; only forwards.
    * map_from_base, speed_mps: where base_link is at ``stamp_ns``, and how fast.
    """
    line = _line(plan)
    here_m = line.project(map_from_base[:2, 3])
    ends_s = (plan.end_ns - stamp_ns) / NS_PER_S
    within_s = min(_SPEED_S, ends_s)
    speed = 0.0
    if within_s > 0.0:
        goal_ns = stamp_ns + seconds_to_ns(within_s)
        goal_m = float(np.interp(goal_ns, plan.stamps_ns, line.along_m))
        speed = max(0.0, goal_m - here_m) / within_s
    return DriveTarget(_steer(line, plan, here_m, map_from_base, speed_mps, vehicle), speed)


def _line(plan: TimedPath) -> _Line:
    xy = plan.map_from_base[:, :2, 3]
    steps = np.linalg.norm(np.diff(xy, axis=0), axis=1)
    return _Line(xy, np.concatenate([[0.0], np.cumsum(steps)]))


def _steer(
    line: _Line,
    plan: TimedPath,
    here_m: float,
    map_from_base: Matrix,
    speed_mps: float,
    vehicle: VehicleInfo,
) -> float:
    reach_m = max(_LOOKAHEAD_MIN_M, _LOOKAHEAD_S * speed_mps)
    last = plan.map_from_base[-1][:2, 0]
    heading = last / max(float(np.linalg.norm(last)), 1e-9)
    x, y = line.point(here_m + reach_m, heading)
    ahead = (invert(map_from_base) @ np.array([x, y, map_from_base[2, 3], 1.0]))[:2]
    curvature = 2.0 * float(ahead[1]) / max(float(ahead @ ahead), 1.0)
    limit_rad = vehicle.steer_limit_rad(speed_mps)
    return max(-limit_rad, min(limit_rad, math.atan(vehicle.wheelbase_m * curvature)))
