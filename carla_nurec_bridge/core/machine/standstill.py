"""Says in the log what a program waits for, when it does not get on."""

from __future__ import annotations

import faulthandler
import threading
import time
from collections.abc import Callable
from typing import final

_LOOK_S = 5.0
_LONGER = 2.0
_CLOSE_S = 5.0
_ERRORS = 2


@final
class Standstill:
    """Looks every five seconds of wall time, and tells what is the same as before, ever rarer.

    It looks in a thread of its own, as any other may be what stands still, until ``close``.
    """

    def __init__(
        self, tell: Callable[[str], object], stands: Callable[[], str], fault_s: float
    ) -> None:
        """Be ready to ``open``.

        * tell: hears the sentences.
        * stands: returns what is waited for now, as the beginning of "... for 5 s"; empty: nothing.
        * fault_s: what lasts as long is a fault; where all threads are is then printed once.
        """
        self._tell = tell
        self._stands = stands
        self._fault_s = fault_s
        self._what = ""
        self._since_s = self._told_s = 0.0
        self._dumped = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="standstill", daemon=True)

    def open(self) -> None:
        """Look from now on."""
        self._thread.start()

    def close(self) -> None:
        """Look no more; a second call does nothing."""
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join(_CLOSE_S)

    def look(self, now_s: float) -> None:
        """Look at once, which is ``now_s`` by a clock that never goes back."""
        what = self._stands()
        if what != self._what:
            self._what, self._since_s, self._told_s, self._dumped = what, now_s, 0.0, False
            return
        stood_s = now_s - self._since_s
        if not what:
            return
        if stood_s >= self._fault_s and not self._dumped:
            self._dumped = True
            faulthandler.dump_traceback(_ERRORS)
        if stood_s >= _LONGER * self._told_s:
            self._told_s = stood_s
            self._tell(f"{what} for {stood_s:.0f} s")

    def _look_on(self) -> None:
        while not self._over.wait(_LOOK_S):
            self.look(time.monotonic())
