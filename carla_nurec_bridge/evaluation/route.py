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
    line = MeasuredLine(route)
    start = best = None
    offset = 0.0
    for position in positions:
        window = (0.0, LOOK_AHEAD_M) if best is None else (best, best + LOOK_AHEAD_M)
        along, distance = line.nearest(np.asarray(position)[:2], window)
        offset = max(offset, distance)
        if best is None:
            start = best = along
        elif distance <= ON_ROUTE_M:
            best = max(best, along)
    if start is None or best is None:
        return RouteProgress(line.length_m, 0.0, 0.0)
    return RouteProgress(line.length_m - start, best - start, offset)


class RouteTracker:
    """Where along a route (N, 2 or 3) somebody is, who may go backwards too.

    A place more than 10 m beside the route changes nothing. InputError when it has no length.
    """

    def __init__(self, route: NDArray[np.float64]) -> None:
        self.line = MeasuredLine(route)
        self._along_m: float | None = None
        self.beside_m = 0.0

    def update(self, position: NDArray[np.float64]) -> float:
        """Return how far (m) along the route the next position (2,) or (3,) is."""
        at = self._along_m
        window = None if at is None else (at - LOOK_AHEAD_M, at + LOOK_AHEAD_M)
        along, self.beside_m = self.line.nearest(position[:2], window)
        if at is None or self.beside_m <= _BESIDE_M:
            self._along_m = along
        assert self._along_m is not None
        return self._along_m


class MeasuredLine:
    """A line of ``points`` (N, 2) without repetitions; InputError when it has no length."""

    def __init__(self, line: NDArray[np.float64]) -> None:
        points = np.asarray(line, dtype=np.float64)[:, :2]
        moved = np.ones(len(points), bool)
        moved[1:] = np.linalg.norm(np.diff(points, axis=0), axis=1) > 0.0
        self.points = points[moved]
        if len(self.points) < 2:
            raise InputError("a route needs two points apart")
        self._along = np.diff(self.points, axis=0)
        self._steps = np.linalg.norm(self._along, axis=1)
        self._arc = np.concatenate([[0.0], np.cumsum(self._steps)])

    @property
    def length_m(self) -> float:
        """Its length."""
        return float(self._arc[-1])

    def nearest(
        self, position: NDArray[np.float64], window_m: tuple[float, float] | None = None
    ) -> tuple[float, float]:
        """Return how far along the line its nearest point to a position (2,) is, and how near.

        ``window_m`` says between which lengths along the line it is looked for.
        """
        low, high = (0.0, self.length_m) if window_m is None else window_m
        first = max(int(np.searchsorted(self._arc, low)) - 1, 0)
        last = int(np.searchsorted(self._arc, high, "right"))
        a, along, steps = self.points[first:last], self._along[first:last], self._steps[first:last]
        a = a[: len(steps)]
        share = np.einsum("ij,ij->i", position - a, along) / steps
        share = np.clip(share, np.maximum(low - self._arc[first : first + len(a)], 0.0), steps)
        away = a + along * (share / steps)[:, None] - position
        distances = np.linalg.norm(away, axis=1)
        i = int(np.argmin(distances))
        return float(self._arc[first + i] + share[i]), float(distances[i])
