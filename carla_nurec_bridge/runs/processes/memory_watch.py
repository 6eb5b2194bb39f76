"""How much memory the processes of a run hold at most, looked at while it goes on."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable

from .child import Child

_FIRST_PAUSE_S, _MOST_PAUSE_S = 0.5, 5.0
"""Wall time from one look to the next, at first and later: short runs are to be seen as well."""
_MORE = 1.02


class MemoryWatch:
    """Keeps ``held_bytes``: what all children held at once at most, of the looks at them."""

    def __init__(self) -> None:
        self.held_bytes = 0
        self._resident_bytes = 0
        self._next_s = -math.inf
        self._pause_s = _FIRST_PAUSE_S

    def look_if_due(self, children: Iterable[Child]) -> None:
        """Look at the children, ever less often, where more is in memory than ever; call it often.

        What a process no longer shares with another it holds without more being in memory: who is
        to know that looks in the end as well.
        """
        now_s = time.monotonic()
        if now_s < self._next_s:
            return
        self._next_s = now_s + self._pause_s
        self._pause_s = min(2.0 * self._pause_s, _MOST_PAUSE_S)
        children = tuple(children)
        resident_bytes = sum(child.resident_bytes() for child in children)
        if resident_bytes > _MORE * self._resident_bytes:
            self._resident_bytes = resident_bytes
            self.look(children)

    def look(self, children: Iterable[Child]) -> None:
        """Ask what the children hold; this takes some 10 ms of each."""
        held_bytes = sum(child.held_bytes() for child in children)
        self.held_bytes = max(self.held_bytes, held_bytes)
