"""The client library's life and ours: calls that a dead server would hold, and a client's end."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar, final

import carla

from ...core.errors import ProtocolError
from .handshake import is_gone

T = TypeVar("T")

_LOOK_S = 0.5
_SEEN_S = 0.0005
_GOODBYE_S = 2.0

_last_closed: deque[carla.Client] = deque(maxlen=1)


def linger(client: carla.Client) -> None:
    """Keep a client whose session ends until the next one ends, or the process does.

    The threads of its connection still let go of what has listened to sensors and ticks. Where one
    of them lets go of the client itself, it cannot wait for its own end and aborts the process.
    """
    _last_closed.append(client)


@dataclass(eq=False)
class CallUnderWay(Generic[T]):
    """A call under way; ``result`` holds what it returned once ``done``, unless it raised."""

    work: Callable[[], T]
    done: threading.Event = field(default_factory=threading.Event)
    result: list[T] = field(default_factory=list)
    error: BaseException | None = None

    def make(self) -> None:
        """Do the work, in whichever thread this is."""
        try:
            self.result.append(self.work())
        except BaseException as error:  # noqa: BLE001 - it belongs to the thread that waits
            self.error = error
        self.done.set()


@final
class Lifeline:
    """Has calls made in a thread of its own; who waits for one sees signals, and death.

    A signal does not reach Python code that waits inside the client library.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def call(self, work: Callable[[], T]) -> T:
        """Return what ``work`` returns or raise what it raises.

        ProtocolError as soon as nobody listens at the server's port any more.
        """
        return self.finish(self.begin(work))

    def begin(self, work: Callable[[], T]) -> CallUnderWay[T]:
        """Have a call made after those before it; ``finish`` gives its result."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._make, name="calls", daemon=True)
            self._thread.start()
        call = CallUnderWay(work)
        self._calls.put(call.make)
        return call

    def finish(self, call: CallUnderWay[T]) -> T:
        """Wait for a call; return and raise as ``call`` does."""
        self.wait(call)
        if call.error is not None:
            raise call.error
        return call.result[0]

    def wait(self, call: CallUnderWay[T], is_seen: Callable[[], bool] | None = None) -> None:
        """Wait for the end of a call, or until ``is_seen``, asked 2000 times a second, says so.

        ProtocolError as soon as nobody listens at the server's port any more.
        """
        period_s = _LOOK_S if is_seen is None else _SEEN_S
        look_s = time.monotonic() + _LOOK_S
        try:
            while not call.done.wait(period_s):
                if is_seen is not None and is_seen():
                    return
                if time.monotonic() >= look_s:
                    look_s = time.monotonic() + _LOOK_S
                    self.check()
        except KeyboardInterrupt:
            self.let_finish(call)
            raise

    def check(self) -> None:
        """Raise ProtocolError when nobody listens at the server's port."""
        if is_gone(self._host, self._port):
            raise ProtocolError(
                f"CARLA at {self._host}:{self._port} has ended: nobody listens at its port any more"
            )

    def close(self) -> None:
        """End the thread once it is free; a second call does nothing."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._calls.put(None)

    def let_finish(self, call: CallUnderWay[T], limit_s: float = _GOODBYE_S) -> None:
        """Wait for a call under way, so that what follows meets no half-made one."""
        deadline = time.monotonic() + limit_s
        while not call.done.wait(0.1) and time.monotonic() < deadline:
            if is_gone(self._host, self._port):
                return

    def _make(self) -> None:
        while (make := self._calls.get()) is not None:
            make()
            del make
