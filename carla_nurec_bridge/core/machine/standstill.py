"""Says in the log what a program waits for, when it does not come on."""

from __future__ import annotations

import faulthandler
import sys
import threading
import time
from collections.abc import Callable
from typing import final

_LOOK_S = 5.0
_LONGER = 2.0
_LONG_S = 60.0


@final
class Standstill:
    """Looks every five seconds of wall time, and tells what is the same as before, ever rarer."""

    def __init__(self, tell: Callable[[str], object], stands: Callable[[], str | None]) -> None:
        """Be ready to ``watch``.

        * tell: hears the sentences.
        * stands: returns what is waited for now, as the beginning of "... for 5 s"; empty: nothing;
          None: nothing any more.
        """
        self._tell = tell
        self._stands = stands
        self._what: str | None = ""
        self._since_s = self._told_s = 0.0

    def watch(self) -> None:
        """Look from now on, in a thread of its own: any other may be what stands still."""

        def look_on() -> None:
            while self.look():
                time.sleep(_LOOK_S)

        threading.Thread(target=look_on, name="standstill", daemon=True).start()

    def look(self) -> bool:
        """Look at once; return whether there is any more to look for.

        What lasts a minute is a fault of somebody's: where the program is then is told once.
        """
        now_s, what = time.monotonic(), self._stands()
        if what != self._what:
            self._what, self._since_s, self._told_s = what, now_s, 0.0
            return what is not None
        stood_s = now_s - self._since_s
        if what and stood_s >= _LONGER * self._told_s:
            if self._told_s < _LONG_S <= stood_s:
                faulthandler.dump_traceback(sys.stderr)
            self._told_s = stood_s
            self._tell(f"{what} for {stood_s:.0f} s")
        return True
