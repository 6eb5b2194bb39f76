"""A set-point that moves to what is asked no faster than asked."""

from __future__ import annotations

import math


class Ramp:
    """Moves a set-point; it never runs further than ``reach`` ahead of what is measured.

    ``rate`` is how fast it moves, 0 where it stands or where nothing limits it.
    """

    def __init__(self, reach: float = math.inf) -> None:
        self._reach = reach
        self._value: float | None = None
        self.rate = 0.0

    def restart(self) -> None:
        """Begin at what is measured next."""
        self._value, self.rate = None, 0.0

    def step(self, target: float, measured: float, rate: float, jerk: float, dt_s: float) -> float:
        """Return the set-point after ``dt_s`` on its way to ``target``.

        All are in one unit (m/s, or rad): ``measured`` is where the thing is, from which the
        set-point begins. It changes by at most ``rate`` a second, and that by at most ``jerk`` a
        second; 0 sets no limit.
        """
        if rate == 0.0 and jerk == 0.0:
            self.restart()
            return target
        value = measured if self._value is None else self._value
        gap = target - value
        limit = rate or math.inf
        if jerk:
            wanted = math.copysign(min(limit, math.sqrt(2.0 * jerk * abs(gap))), gap)
            self.rate += max(-jerk * dt_s, min(jerk * dt_s, wanted - self.rate))
        else:
            self.rate = math.copysign(limit, gap)
        moved = self.rate * dt_s
        if moved * gap >= 0.0 and abs(moved) >= abs(gap):
            value, self.rate = target, 0.0
        else:
            value += moved
        self._value = max(measured - self._reach, min(measured + self._reach, value))
        return self._value
