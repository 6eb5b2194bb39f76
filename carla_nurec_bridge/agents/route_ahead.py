"""Where on its route the ego is, and what of that lies ahead."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..core.frames import Matrix, invert

Points = NDArray[np.float64]
_WINDOW = 60


class RouteAhead:
    """Follows the ego along the polyline ``route`` (N, 3) in the map, never back."""

    def __init__(self, route: Points) -> None:
        self._route = route
        steps = np.linalg.norm(np.diff(route, axis=0), axis=1)
        self._along_m = np.concatenate([[0.0], np.cumsum(steps)])
        self._segment = 0
        self.travelled_m = 0.0

    @property
    def length_m(self) -> float:
        """The length of the route."""
        return float(self._along_m[-1])

    def advance(self, map_from_base: Matrix) -> None:
        """Take where base_link is now."""
        first = self._segment
        starts = self._route[first : min(first + _WINDOW, len(self._route) - 1)]
        steps = self._route[first + 1 : first + 1 + len(starts)] - starts
        lengths = np.maximum((steps**2).sum(axis=1), 1e-12)
        place = map_from_base[:3, 3]
        share = np.clip(((place - starts) * steps).sum(axis=1) / lengths, 0.0, 1.0)
        feet = starts + share[:, None] * steps
        nearest = int(np.argmin(((feet - place) ** 2).sum(axis=1)))
        self._segment = first + nearest
        along_m = self._along_m[self._segment] + share[nearest] * np.sqrt(lengths[nearest])
        self.travelled_m = max(self.travelled_m, float(along_m))

    def ahead(self, map_from_base: Matrix, reach_m: float) -> Points:
        """Return the next ``reach_m`` of the route as points (N, 3) in base_link, at least two."""
        end_m = min(self.travelled_m + reach_m, self.length_m)
        inner = (self._along_m > self.travelled_m) & (self._along_m < end_m)
        at_m = np.concatenate([[self.travelled_m], self._along_m[inner], [end_m]])
        points = np.stack([np.interp(at_m, self._along_m, self._route[:, i]) for i in range(3)], 1)
        base_from_map = invert(map_from_base)
        in_base: Points = points @ base_from_map[:3, :3].T + base_from_map[:3, 3]
        return in_base
