"""The ticks of a world that another client steps."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

import carla

from ...core.errors import DeadlineError

_CHECK_S = 0.5
_MOST_WAITING = 4


class FollowedTicks:
    """Listens to a world's ticks; those that come while nobody takes one wait, four at most."""

    def __init__(
        self,
        world: carla.World,
        where: str,
        patience_s: float,
        check_server: Callable[[], None],
    ) -> None:
        """Start to listen.

        * where: address of the server, for errors.
        * patience_s: longest wall time between two ticks.
        * check_server: raises when the server has ended; called while waiting.
        """
        self._where = where
        self._patience_s = patience_s
        self._check_server = check_server
        self._waiting: deque[carla.WorldSnapshot] = deque(maxlen=_MOST_WAITING)
        self._ticked = threading.Condition()
        self.skipped = 0
        self._listener: int | None = world.on_tick(self._add)

    def _add(self, snapshot: carla.WorldSnapshot) -> None:
        with self._ticked:
            self.skipped += len(self._waiting) == _MOST_WAITING
            self._waiting.append(snapshot)
            self._ticked.notify()

    def next(self) -> carla.WorldSnapshot:
        """Return the oldest tick that waits, or the next; DeadlineError when none comes."""
        deadline = time.monotonic() + self._patience_s
        while True:
            with self._ticked:
                if self._ticked.wait_for(lambda: self._waiting, _CHECK_S):
                    return self._waiting.popleft()
            self._check_server()
            if time.monotonic() > deadline:
                raise DeadlineError(
                    f"nobody has ticked CARLA at {self._where} for {self._patience_s:g} s; is the "
                    "client that owns the tick running?"
                )

    def close(self, world: carla.World) -> None:
        """Stop to listen; a second call does nothing."""
        listener, self._listener = self._listener, None
        if listener is not None:
            world.remove_on_tick(listener)
