"""Pure pursuit: the front wheels' angle whose circle leads through a point ahead."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..core.frames import Matrix, invert
from ..world.vehicle_info import SteerLimits, steer_limit_rad


def reach_m(speed_mps: float, seconds: float = 0.8, least_m: float = 4.0) -> float:
    """Return how far ahead one aims at a speed."""
    return max(least_m, seconds * speed_mps)


def pursue(
    xy: NDArray[np.float64],
    map_from_base: Matrix,
    speed_mps: float,
    wheelbase_m: float,
    limits: SteerLimits,
) -> float:
    """Return the steering angle (rad, left positive) that leads base_link to ``xy`` of the map."""
    x, y = (invert(map_from_base) @ (xy[0], xy[1], map_from_base[2, 3], 1.0))[:2]
    curvature = 2.0 * y / max(x * x + y * y, 1.0)
    limit_rad = steer_limit_rad(limits, speed_mps)
    return max(-limit_rad, min(limit_rad, math.atan(wheelbase_m * curvature)))
