"""How fast a route may be driven in its curves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

_REACH = 4
_AHEAD_M = 60.0


def curve_speeds(xy: Points, along_m: Points, lateral_mps2: float, cruise_mps: float) -> Points:
    """Return the speed limit (N,) at each point of a route from its curvature over 4 m.

    * xy, along_m: the points (N, 2), a metre apart, and how far along each is (N,).
    * lateral_mps2: the acceleration across the way that is not exceeded.

    At the end of the route it is 0.
    """
    heading = np.unwrap(np.arctan2(*np.diff(xy, axis=0).T[::-1]))
    heading = np.concatenate([heading, heading[-1:]])
    first = np.maximum(np.arange(len(xy)) - _REACH, 0)
    last = np.minimum(np.arange(len(xy)) + _REACH, len(xy) - 1)
    turned = np.abs(heading[last] - heading[first])
    curvature = turned / np.maximum(along_m[last] - along_m[first], 1.0)
    limit = np.sqrt(lateral_mps2 / np.maximum(curvature, 1e-4))
    limit = np.minimum(limit, cruise_mps)
    limit[-1] = 0.0
    return limit


def highest_speed(limits_mps: Points, ahead_m: Points, brake_mps2: float) -> float:
    """Return the highest speed from which every limit (N,) that far ahead (N,) can be met."""
    ahead_m = np.maximum(ahead_m, 0.0)
    near = ahead_m <= _AHEAD_M
    return float(np.sqrt(limits_mps[near] ** 2 + 2.0 * brake_mps2 * ahead_m[near]).min())
