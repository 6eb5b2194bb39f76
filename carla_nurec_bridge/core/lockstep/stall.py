"""Whether something has stood still for long, whatever the machine does meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import final

_STEP_S = 2.0


@final
class Stall:
    """Watches a number that grows while something goes on.

    Between two looks two seconds count at most: who is stopped, or sleeps with its machine, has not
    stood still for that long.
    """

    def __init__(self, limit_s: float, now_s: Callable[[], float] = time.monotonic) -> None:
        self._limit_s = limit_s
        self._now_s = now_s
        self._looked_s = now_s()
        self._number: int | None = None
        self._stood_s = 0.0

    def look(self, number: int | None) -> bool:
        """Look again, once a second or so; None: nothing is to be done. True: it stands still."""
        now_s = self._now_s()
        step_s, self._looked_s = min(now_s - self._looked_s, _STEP_S), now_s
        goes_on = number is None or number != self._number
        self._number = number
        self._stood_s = 0.0 if goes_on else self._stood_s + step_s
        return self._stood_s > self._limit_s
