"""Where on its route a drive is: points one metre apart are passed one after the other."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ....core.errors import InputError
from .limits import LeaderboardLimits

Array = NDArray[np.float64]

_POINT_M = 1.0
_FASTEST_MPS = 60.0


class RoutePoints:
    """A route as points (N, 2) in the map, ``forward`` (N, 2) and ``along_m`` (N,) at each."""

    def __init__(self, route: Array) -> None:
        corners = np.asarray(route, np.float64)[:, :2]
        steps = np.linalg.norm(np.diff(corners, axis=0), axis=1)
        corners = corners[np.concatenate([[True], steps > 1e-9])]
        arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(corners, axis=0), axis=1))])
        if len(corners) < 2:
            raise InputError("a route needs two points apart")
        count = max(math.ceil(arc[-1] / _POINT_M - 1e-9), 1)
        self.along_m: Array = np.linspace(0.0, float(arc[-1]), count + 1)
        self.points: Array = np.stack(
            [np.interp(self.along_m, arc, corners[:, k]) for k in (0, 1)], axis=1
        )
        ahead = np.diff(self.points, axis=0)
        ahead = np.concatenate([ahead, ahead[-1:]])
        self.forward: Array = ahead / np.linalg.norm(ahead, axis=1, keepdims=True)

    @property
    def length_m(self) -> float:
        """The length of the route."""
        return float(self.along_m[-1])

    def passed(self, place: Array, first: int, window: int, step_s: float) -> list[int]:
        """Return which points from ``first`` on are passed at a place (2,), of a window of them.

        A tick longer than usual looks so much farther that nobody outruns the window.
        """
        window = max(window, math.ceil(step_s * _FASTEST_MPS / _POINT_M))
        last = min(first + window + 1, len(self.points))
        away = place - self.points[first:last]
        beyond = (away * self.forward[first:last]).sum(axis=1) > 0.0
        return [first + int(k) for k in np.flatnonzero(beyond)]


class RouteCompletion:
    """How much of a route is driven, and whether the goal is reached."""

    def __init__(self, route: RoutePoints, limits: LeaderboardLimits) -> None:
        self._route, self._limits = route, limits
        self._index = 0
        self.percent = 0.0
        self.arrived = False

    def update(self, place: Array, step_s: float) -> None:
        """Look at the next place (2,) of the ego."""
        route, limits = self._route, self._limits
        passed = route.passed(place, self._index, 2, step_s)
        if passed:
            self._index = passed[-1]
            self.percent = round(100.0 * float(route.along_m[self._index]) / route.length_m, 2)
        goal_m = float(np.hypot(*(place - route.points[-1])))
        if self.percent > limits.arrived_percent and goal_m < limits.arrived_m:
            self.percent, self.arrived = 100.0, True


class OffRoute:
    """Whether a drive has left its route for good."""

    def __init__(self, route: RoutePoints, limits: LeaderboardLimits) -> None:
        self._route, self._limits = route, limits
        self._index, self._away_m, self._safe = 0, 0.0, True

    def update(self, place: Array, step_s: float) -> bool:
        """Look at the next place (2,) of the ego; say whether the drive ends here."""
        route, limits = self._route, self._limits
        window = max(5, math.ceil(step_s * _FASTEST_MPS / _POINT_M))
        last = min(self._index + window + 1, len(route.points))
        away = np.hypot(*(route.points[self._index : last] - place).T)
        least = float(away.min())
        nearest = self._index + int(np.flatnonzero(away == least)[-1])
        off = least >= limits.off_route_m
        if not off:
            self._safe = least < limits.unsafe_route_m
        if nearest != self._index:
            if not self._safe:
                self._away_m += float(route.along_m[nearest] - route.along_m[self._index])
                off |= 100.0 * self._away_m / route.length_m > limits.off_route_percent
            self._index = nearest
        return off
