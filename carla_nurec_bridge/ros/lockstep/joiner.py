"""Join messages of several topics by their stamp, and hand whole frames to one worker."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..messages.convert import nanoseconds_of

_KEEP = 16


@dataclass(frozen=True)
class JoinedFrame:
    """All joined messages of one stamp, by topic key."""

    stamp_ns: int
    messages: Mapping[str, Any]


class Joiner:
    """Collect one message per key and stamp; complete frames come out by their stamps.

    ``keep_all`` is for lock-step: every frame is kept. Otherwise a worker that is too slow gets
    the newest frame, and ``skipped`` counts the ones it missed. Incomplete frames are dropped and
    counted in ``incomplete`` when more than 16 are waiting.
    """

    def __init__(self, keys: Sequence[str], *, keep_all: bool) -> None:
        self._keys = frozenset(keys)
        self._keep_all = keep_all
        self._partial: dict[int, dict[str, Any]] = {}
        self._ready: dict[int, JoinedFrame] = {}
        self._condition = threading.Condition()
        self._newest_ns = -1
        self._woken = False
        self.skipped = 0
        self.incomplete = 0

    @property
    def had_whole(self) -> bool:
        """Whether any frame was complete."""
        return self._newest_ns >= 0

    def hear(self, key: str, message: Any) -> None:
        """Add a message of ``key`` by the stamp of its header."""
        self.add(key, nanoseconds_of(message.header.stamp), message)

    def add(self, key: str, stamp_ns: int, message: Any) -> None:
        """Add the message of ``key`` stamped ``stamp_ns`` (ns)."""
        with self._condition:
            partial = self._partial.setdefault(stamp_ns, {})
            partial[key] = message
            if len(partial) == len(self._keys):
                self._ready[stamp_ns] = JoinedFrame(stamp_ns, self._partial.pop(stamp_ns))
                self._newest_ns = max(self._newest_ns, stamp_ns)
                self._condition.notify()
            while len(self._partial) > _KEEP:
                del self._partial[min(self._partial)]
                self.incomplete += 1

    @property
    def untaken_ns(self) -> int | None:
        """The stamp (ns) of the first whole frame that nobody has taken yet, None without one."""
        with self._condition:
            return min(self._ready, default=None)

    def lacking(self) -> tuple[int, tuple[str, ...]] | None:
        """Return the stamp (ns) of the next frame, if any of it has come, and what it lacks."""
        with self._condition:
            later = [stamp_ns for stamp_ns in self._partial if stamp_ns > self._newest_ns]
            if not later:
                return None
            stamp_ns = min(later)
            return stamp_ns, tuple(sorted(self._keys - self._partial[stamp_ns].keys()))

    def wake(self) -> None:
        """Let ``next``, this time or the next, wait no longer; for any thread."""
        with self._condition:
            self._woken = True
            self._condition.notify()

    def next(self, timeout_s: float) -> JoinedFrame | None:
        """Return the next frame, or None when none is complete within ``timeout_s``."""
        with self._condition:
            if not self._ready and not self._woken:
                self._condition.wait(timeout_s)
            self._woken = False
            if not self._ready:
                return None
            while not self._keep_all and len(self._ready) > 1:
                del self._ready[min(self._ready)]
                self.skipped += 1
            return self._ready.pop(min(self._ready))
