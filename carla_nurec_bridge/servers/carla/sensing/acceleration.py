"""How a place accelerates, by where it was in the moments before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Acceleration:
    """Follows one place (3,) from measurement to measurement, however far these lie apart."""

    def __init__(self) -> None:
        self._past: list[tuple[float, NDArray[np.float64]]] = []

    def follow(self, now_s: float, place: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the second derivative (3,) in m/s^2 at ``now_s``; 0 until it was seen thrice."""
        earlier = [moment for moment in self._past if moment[0] < now_s]
        self._past = [*earlier[-2:], (now_s, place.copy())]
        if len(self._past) < 3:
            return np.zeros(3)
        (first_s, first), (middle_s, middle), (last_s, last) = self._past
        before = (middle - first) / (middle_s - first_s)
        after = (last - middle) / (last_s - middle_s)
        return np.asarray(2.0 * (after - before) / (last_s - first_s))
