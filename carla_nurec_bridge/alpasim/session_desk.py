"""Who has the stack: one session at a time, others wait their turn or are refused."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from ..core.errors import RefusalError
from .codes import Code
from .session import DriverSession

_log = logging.getLogger(__name__)
_POLL_S = 0.2


class SessionDesk:
    """Opens and finds sessions; one is open at most.

    * wait_s: wall time that a second session waits for its turn.
    * idle_s: wall time without a call after which an open session is taken for abandoned, once
      another one wants its place.
    * on_end: called with each session that is over, once.
    """

    def __init__(
        self, wait_s: float, idle_s: float, on_end: Callable[[DriverSession], None]
    ) -> None:
        self._wait_s = wait_s
        self._idle_s = idle_s
        self._on_end = on_end
        self._changed = threading.Condition()
        self._open: DriverSession | None = None
        self._ended_ns = 0
        self._past: set[str] = set()

    @property
    def last_stamp_ns(self) -> int:
        """The last stamp of the sessions that are over."""
        with self._changed:
            return self._ended_ns

    def admit(
        self, uuid: str, make: Callable[[int], DriverSession], alive: Callable[[], bool]
    ) -> DriverSession:
        """Open the session that ``make`` makes of the last stamp before it, when it is its turn.

        RefusalError for a name that was had before, or when its turn does not come in time.
        """
        deadline = time.monotonic() + self._wait_s
        with self._changed:
            while True:
                self._refuse_known(uuid)
                self._drop_abandoned()
                if self._open is None:
                    self._open = make(self._ended_ns)
                    return self._open
                left_s = deadline - time.monotonic()
                if left_s <= 0 or not alive():
                    raise RefusalError(
                        Code.RESOURCE_EXHAUSTED,
                        f"the stack drives session {self._open.info.uuid} and can drive one at a "
                        f"time; {uuid} waited {self._wait_s:g} s (session.wait_s)",
                    )
                self._changed.wait(min(left_s, _POLL_S))

    def find(self, uuid: str) -> DriverSession:
        """Return the open session of a name; RefusalError when it is not open."""
        with self._changed:
            if self._open is None or self._open.info.uuid != uuid:
                known = "is over" if uuid in self._past else "was never started"
                raise RefusalError(Code.NOT_FOUND, f"the session {uuid!r} {known}")
            self._open.heard_at_s = time.monotonic()
            return self._open

    def end(self, session: DriverSession) -> None:
        """Close a session, whoever waits within it; a second call does nothing."""
        with self._changed:
            if self._open is session:
                self._end()

    def close(self) -> None:
        """Close the session that is open, if any."""
        with self._changed:
            if self._open is not None:
                self._end()

    def _refuse_known(self, uuid: str) -> None:
        open_now = self._open is not None and self._open.info.uuid == uuid
        if open_now or uuid in self._past:
            state = "is open" if open_now else "is over"
            raise RefusalError(
                Code.ALREADY_EXISTS, f"the session {uuid!r} {state}; give each its own name"
            )

    def _drop_abandoned(self) -> None:
        session = self._open
        if session is None or session.driving:
            return
        silent_s = time.monotonic() - session.heard_at_s
        if silent_s > self._idle_s:
            _log.warning(
                "session %s is closed: nobody called for %.0f s", session.info.uuid, silent_s
            )
            session.counts["abandoned"] += 1
            self._end()

    def _end(self) -> None:
        session = self._open
        assert session is not None
        self._open = None
        session.closed = True
        self._ended_ns = max(self._ended_ns, session.newest_ns)
        self._past.add(session.info.uuid)
        self._on_end(session)
        self._changed.notify_all()
