"""How far along its route the ego came."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError

LOOK_AHEAD_M = 30.0
"""How far beyond the best point so far a position may be matched: a route may cross itself."""

ON_ROUTE_M = 4.0
"""A position farther from the route than this (about one lane) makes no progress."""

_BESIDE_M = 10.0


@dataclass(frozen=True)
class RouteProgress:
    """Length of the route, length driven along it, and the largest distance from it (m)."""

    length_m: float
    driven_m: float
    max_offset_m: float

    @property
    def completion(self) -> float:
        """The driven part of the route, 0 to 1."""
        return min(1.0, self.driven_m / self.length_m)


def route_progress(
    route: NDArray[np.float64], positions: Iterable[NDArray[np.float64]]
) -> RouteProgress:
    """Follow ``positions`` (each (2,) or (3,), map frame, in order) along ``route`` (N, 2 or 3).

    Progress is measured from the point of the route nearest to the first position, and only
    grows. InputError when the route has no length.
    """
    points, steps, arc = _measured(route)
    start = best = None
    offset = 0.0
    for position in positions:
        window = (0.0, LOOK_AHEAD_M) if best is None else (best, best + LOOK_AHEAD_M)
        along, distance = _nearest(points, steps, arc, np.asarray(position)[:2], window)
        offset = max(offset, distance)
        if best is None:
            start = best = along
        elif distance <= ON_ROUTE_M:
            best = max(best, along)
    if start is None or best is None:
        return RouteProgress(float(arc[-1]), 0.0, 0.0)
    return RouteProgress(float(arc[-1] - start), float(best - start), offset)


class RouteTracker:
    """Where along a route (N, 2 or 3) somebody is, who may go backwards too.

    A place more than 10 m beside the route changes nothing. InputError when it has no length.
    """

    def __init__(self, route: NDArray[np.float64]) -> None:
        self.points, self._steps, self._arc = _measured(route)
        self._along_m: float | None = None
        self.beside_m = 0.0

    @property
    def length_m(self) -> float:
        """The length of the route."""
        return float(self._arc[-1])

    def update(self, position: NDArray[np.float64]) -> float:
        """Return how far (m) along the route the next position (2,) or (3,) is."""
        at = self._along_m
        window = (0.0, self.length_m) if at is None else (at - LOOK_AHEAD_M, at + LOOK_AHEAD_M)
        along, self.beside_m = _nearest(self.points, self._steps, self._arc, position[:2], window)
        if at is None or self.beside_m <= _BESIDE_M:
            self._along_m = along
        assert self._along_m is not None
        return self._along_m


def _measured(
    route: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the points (N, 2) of a route, the steps between them, and the arc length at each."""
    points = np.asarray(route, dtype=np.float64)[:, :2]
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    arc = np.concatenate([[0.0], np.cumsum(steps)])
    if len(points) < 2 or arc[-1] <= 0:
        raise InputError("a route needs two points apart")
    return points, steps, arc


def distance_along(line: NDArray[np.float64], position: NDArray[np.float64]) -> tuple[float, float]:
    """Return how far along a line (N, 2) its nearest point to a position (2,) is, and how near."""
    points, steps, arc = _measured(line)
    return _nearest(points, steps, arc, position, (0.0, float(arc[-1])))


def _nearest(
    points: NDArray[np.float64],
    steps: NDArray[np.float64],
    arc: NDArray[np.float64],
    position: NDArray[np.float64],
    window: tuple[float, float],
) -> tuple[float, float]:
    """Return (arc length, distance) of the nearest point of the route within an arc window."""
    low, high = window
    use = np.flatnonzero((arc[1:] >= low) & (arc[:-1] <= high) & (steps > 0))
    if not len(use):
        return float(arc[-1]), float(np.linalg.norm(points[-1] - position))
    a, b = points[use], points[use + 1]
    along = np.einsum("ij,ij->i", position - a, b - a) / steps[use]
    along = np.clip(along, np.maximum(low - arc[use], 0.0), steps[use])
    nearest = a + (b - a) * (along / steps[use])[:, None]
    distances = np.linalg.norm(nearest - position, axis=1)
    i = int(np.argmin(distances))
    return float(arc[use[i]] + along[i]), float(distances[i])
