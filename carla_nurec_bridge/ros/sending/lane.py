"""Work that others decide the length of, done in order in a thread of its own."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import final

from ...core.errors import DeadlineError
from ...core.lockstep.stall import Stall

_MOST_BYTES = 96 << 20
_WAIT_S = 60.0


@final
class SendingLane:
    """A bounded queue and the thread that works it off.

    Nothing is lost: who brings work that the queue has no room for waits, and ``waits`` counts
    that. What work raises is raised to whoever brings more.
    """

    def __init__(self, name: str, most_bytes: int = _MOST_BYTES) -> None:
        self._name = name
        self._most_bytes = most_bytes
        self._changed = threading.Condition()
        self._work: deque[tuple[Callable[[], None], int]] = deque()
        self._held = self._put = self._done = 0
        self._stall = Stall(_WAIT_S)
        self._error: BaseException | None = None
        self._over = self._room_for_all = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()
        self.waits = 0

    def put(self, work: Callable[[], None], size: int = 0) -> int:
        """Have ``work`` done, which holds ``size`` bytes, after all that was put before.

        Returns its number, for ``wait_done``.
        """
        with self._changed:
            if not self._has_room(size):
                self.waits += 1
                self._await(lambda: self._has_room(size), _WAIT_S)
            self._check()
            self._work.append((work, size))
            self._held += size
            self._put += 1
            self._changed.notify_all()
            return self._put

    def wait_done(self, number: int) -> None:
        """Wait until the work of that number is done."""
        with self._changed:
            self._await(lambda: self._done >= number, _WAIT_S)
            self._check()

    def wait_idle(self, timeout_s: float) -> None:
        """Wait until everything that was put is done; DeadlineError when that takes longer."""
        with self._changed:
            self._await(lambda: not self._work, timeout_s)
            self._check()

    def stop_waiting(self) -> None:
        """Let who waits for room in, now and from now on: not much more will come."""
        with self._changed:
            self._room_for_all = True
            self._changed.notify_all()

    def check(self) -> None:
        """Raise what work has raised."""
        with self._changed:
            self._check()

    def check_moving(self) -> None:
        """Raise what work has raised; DeadlineError where a piece of it takes a minute.

        To be called every second or so.
        """
        with self._changed:
            self._check()
            if self._stall.look(self._done if self._work else None):
                raise DeadlineError(f"{self._name} has stood still for {_WAIT_S:g} s")

    @property
    def undone(self) -> int:
        """How much of what was put is not done."""
        with self._changed:
            return self._put - self._done

    def wait_ended(self, timeout_s: float) -> bool:
        """Wait, after ``close``, for the work under way to end; say whether it has."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def close(self, timeout_s: float) -> None:
        """Let what was put be done within ``timeout_s`` and end; a second call does nothing.

        What is not begun by then is never done, and what is under way ends when it ends.
        """
        with self._changed:
            self._changed.wait_for(lambda: not self._work or self._error, timeout_s)
            self._over = True
            self._changed.notify_all()

    def _has_room(self, size: int) -> bool:
        return self._room_for_all or not self._held or self._held + size <= self._most_bytes

    def _await(self, true: Callable[[], bool], timeout_s: float) -> None:
        if not self._changed.wait_for(lambda: true() or self._error, timeout_s):
            raise DeadlineError(f"what was given to {self._name} was not done in {timeout_s:g} s")

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._work or self._over)
                if self._over:
                    return
                work, size = self._work[0]
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - it belongs to who brings the work
                with self._changed:
                    self._error = error
                    self._changed.notify_all()
                return
            with self._changed:
                if self._work:
                    self._work.popleft()
                self._held -= size
                self._done += 1
                self._changed.notify_all()
