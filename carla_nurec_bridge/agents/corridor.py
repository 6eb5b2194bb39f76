"""A route as a corridor: how far along it and how far beside it somebody is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError

Points = NDArray[np.float64]

_BEHIND_M = 10.0


@dataclass(frozen=True, eq=False)
class Spread:
    """What boxes (K) cover of a route: along it from its start, and beside it, left positive; m."""

    first_m: Points
    last_m: Points
    right_m: Points
    left_m: Points

    def within(self, half_width_m: float) -> NDArray[np.bool_]:
        """Say for each box whether it reaches into the corridor that is so wide to each side."""
        return (self.right_m < half_width_m) & (self.left_m > -half_width_m)


class Corridor:
    """The polyline ``route`` (N, 2) of the map; InputError without two points that lie apart."""

    def __init__(self, route: Points) -> None:
        steps = np.diff(route, axis=0)
        lengths = np.linalg.norm(steps, axis=1)
        self._starts, self._steps = route[:-1][lengths > 0.0], steps[lengths > 0.0]
        self._lengths = lengths[lengths > 0.0]
        if not len(self._lengths):
            raise InputError(
                "a route leads through two places or more, "
                f"this one of {len(route)} points does not"
            )
        self._along_m = np.concatenate([[0.0], np.cumsum(self._lengths)])[:-1]

    def places(self, xy: Points, from_m: float, reach_m: float) -> tuple[Points, Points]:
        """Return how far along the route points (K, 2) are, and how far to its left, both (K,).

        Only the part from shortly before ``from_m`` to ``reach_m`` after it is looked at.
        """
        near = self._along_m + self._lengths > from_m - _BEHIND_M
        near &= self._along_m < from_m + reach_m
        starts, steps, lengths = self._starts[near], self._steps[near], self._lengths[near]
        from_start = xy[:, None] - starts
        share = np.clip((from_start * steps).sum(axis=2) / lengths**2, 0.0, 1.0)
        off = from_start - share[:, :, None] * steps
        away = np.hypot(off[:, :, 0], off[:, :, 1])
        best = np.argmin(away, axis=1)
        row = np.arange(len(xy))
        side = steps[best, 0] * off[row, best, 1] - steps[best, 1] * off[row, best, 0]
        along_m = self._along_m[near][best] + share[row, best] * lengths[best]
        return along_m, np.copysign(away[row, best], side)

    def spread(self, corners: Points, from_m: float, reach_m: float) -> Spread:
        """Return what boxes with these corners (K, C, 2) in the map cover of the route."""
        along_m, left_m = self.places(corners.reshape(-1, 2), from_m, reach_m)
        along_m, left_m = along_m.reshape(corners.shape[:2]), left_m.reshape(corners.shape[:2])
        return Spread(
            along_m.min(axis=1), along_m.max(axis=1), left_m.min(axis=1), left_m.max(axis=1)
        )

    def heading(self, along_m: float) -> Points:
        """Return the route's direction (2,) at a place."""
        index = max(0, int(np.searchsorted(self._along_m, along_m, side="right")) - 1)
        direction: Points = self._steps[index] / self._lengths[index]
        return direction

    def point(self, along_m: float) -> Points:
        """Return the point (2,) at a place; beyond the end the last step goes on."""
        index = max(0, int(np.searchsorted(self._along_m, along_m, side="right")) - 1)
        share = (along_m - self._along_m[index]) / self._lengths[index]
        point: Points = self._starts[index] + max(0.0, share) * self._steps[index]
        return point
