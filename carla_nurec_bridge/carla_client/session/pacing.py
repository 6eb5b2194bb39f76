"""Pace a simulation against the wall clock, and watch the age of commands in simulated time."""

from __future__ import annotations

import time


class Pacer:
    """Sleeps so that simulated time passes ``factor`` times as fast as wall time; 0 never sleeps.

    A run that cannot keep up does not hurry afterwards: the schedule moves with it.
    """

    def __init__(self, factor: float, dt_s: float) -> None:
        self._step_s = dt_s / factor if factor > 0 else 0.0
        self._next_s = time.monotonic()

    def wait(self) -> None:
        """Wait for the wall time of the next frame."""
        if self._step_s == 0.0:
            return
        now = time.monotonic()
        if now < self._next_s:
            time.sleep(self._next_s - now)
        self._next_s = max(self._next_s, now - self._step_s) + self._step_s
