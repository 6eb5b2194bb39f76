"""Paths in the map: points a metre apart, moved sideways, and their directions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError

MapPath = NDArray[np.float64]
"""Points (N, 3) of a path in the map, a metre apart."""

STEP_M = 1.0
"""How far apart they are."""


def shifted(
    path: MapPath, start_m: float, over_m: float, left_m: float, back_m: float = 0.0
) -> MapPath:
    """Return a path moved sideways: smoothly from ``start_m`` over ``over_m``, to ``left_m`` left.

    From ``back_m`` on (if above 0) it returns as smoothly. Lengths are along ``path``.
    """
    along = np.arange(len(path)) * STEP_M
    share = _smooth((along - start_m) / over_m)
    if back_m > 0.0:
        share = share * (1.0 - _smooth((along - back_m) / over_m))
    return path + (left_m * share)[:, None] * left_of(path)


def metres(points: MapPath) -> MapPath:
    """Return a path of any points (N, 3) with its points a metre apart.

    InputError for one shorter than two metres.
    """
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    if length[-1] < 2.0 * STEP_M:
        raise InputError("a path of less than two metres leads nowhere; give places farther apart")
    at = np.arange(0.0, length[-1], STEP_M)
    return np.stack([np.interp(at, length, points[:, k]) for k in range(3)], axis=1)


def left_of(path: MapPath) -> MapPath:
    """Return the unit vectors (N, 3) to the left of a path's points."""
    ahead = np.asarray(np.gradient(path[:, :2], axis=0))
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    return np.column_stack([-ahead[:, 1], ahead[:, 0], np.zeros(len(path))])


def heading_at(path: MapPath, index: int) -> float:
    """Return the heading in radians of a path's point."""
    ahead = path[min(index + 1, len(path) - 1)] - path[max(index - 1, 0)]
    return float(np.arctan2(ahead[1], ahead[0]))


def _smooth(values: NDArray[Any]) -> MapPath:
    x = np.clip(values, 0.0, 1.0)
    return np.asarray(x * x * (3.0 - 2.0 * x))
