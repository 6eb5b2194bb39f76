"""Which of the frames that have come a participant works on next."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

_KEPT = 16


class Stamped(Protocol):
    """A frame with its stamp."""

    @property
    def stamp_ns(self) -> int:
        """The stamp in nanoseconds."""


F = TypeVar("F", bound=Stamped)


class FrameGate(Generic[F]):
    """Frames that have come whole wait here until it is known whether this participant owes them.

    Until then the newest 16 are kept: whoever is admitted to a run that goes on begins with one of
    them.
    """

    def __init__(self, owes: Callable[[int], bool | None], begin: Callable[[int], bool]) -> None:
        """Ask ``owes`` and ``begin`` (of ``Attendance``) about frames by their stamps."""
        self._owes = owes
        self._begin = begin
        self._waiting: deque[F] = deque(maxlen=_KEPT)

    def add(self, frame: F) -> None:
        """Take a frame that has come whole."""
        self._waiting.append(frame)

    @property
    def undecided(self) -> bool:
        """Whether a frame waits for the word whether it is owed."""
        return bool(self._waiting)

    def next(self) -> F | None:
        """Return the next frame to work on; None when there is none, or nothing is known yet."""
        while self._waiting:
            if self._owes(self._waiting[0].stamp_ns) is None:
                return None
            frame = self._waiting.popleft()
            if self._begin(frame.stamp_ns):
                return frame
        return None
