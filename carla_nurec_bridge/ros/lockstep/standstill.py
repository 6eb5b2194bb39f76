"""Says in the log what a participant waits for, when it stands still in the middle of a frame."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import final

from rclpy.clock import Clock, ClockType
from rclpy.node import Node

_LOOK_S = 5.0
_LONGER = 2.0


@final
class Standstill:
    """Looks every five seconds of wall time, and tells what is the same as before, ever rarer."""

    def __init__(self, node: Node, stands: Callable[[], str]) -> None:
        """Look from now on.

        * stands: returns what is waited for now, as the beginning of "... for 5 s"; empty: nothing.
        """
        self._log = node.get_logger()
        self._stands = stands
        self._what = ""
        self._since_s = self._told_s = 0.0
        node.create_timer(_LOOK_S, self.look, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def look(self) -> None:
        """Look at once."""
        now_s, what = time.monotonic(), self._stands()
        if what != self._what:
            self._what, self._since_s, self._told_s = what, now_s, 0.0
            return
        stood_s = now_s - self._since_s
        if what and stood_s >= _LONGER * self._told_s:
            self._told_s = stood_s
            self._log.warning(f"{what} for {stood_s:.0f} s")
