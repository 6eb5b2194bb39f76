"""Which command acts at which frame: stamps decide, not arrival."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from .latency import NO_LATENCY, Latency

T = TypeVar("T")
Verdict = Literal["accepted", "late", "refused", "repeated"]


@dataclass(frozen=True)
class _Entry(Generic[T]):
    """A command: when it begins to act, and what makes it newer than another."""

    release_ns: int
    order: tuple[int, int]
    command: T


class CommandQueue(Generic[T]):
    """Commands by the stamps of the frames that they answer; a frame is open until the next.

    In lock-step a command must carry the stamp of the open frame. The first of a topic counts; of
    those on several topics the one whose topic comes first in ``topics`` acts. Otherwise the
    latest to come acts, if its stamp is neither older than the one before nor than ``hold_ns``;
    stamp zero is that of the open frame, and so is one of the future. A command of stamp t acts
    from t plus ``latency`` on, until a newer one does. Not to be shared between threads.
    """

    def __init__(
        self,
        topics: tuple[str, ...],
        *,
        lockstep: bool,
        hold_ns: int,
        latency: Latency = NO_LATENCY,
    ) -> None:
        self._topics = topics
        self._lockstep = lockstep
        self._hold_ns = hold_ns
        self._latency = latency
        self._open_ns = -1
        self._latest_ns = 0
        self._count = 0
        self._entries: list[_Entry[T]] = []
        self._arrived: set[str] = set()

    @property
    def heard(self) -> bool:
        """Whether there is any command, acting or under way."""
        return bool(self._entries)

    def open(self, stamp_ns: int) -> None:
        """Open the frame stamped ``stamp_ns`` (ns); its commands may come from now on."""
        if self._lockstep and stamp_ns == self._open_ns:
            return
        self._open_ns = stamp_ns
        self._arrived.clear()
        acting = self._acting()
        if acting is not None:
            self._entries = [e for e in self._entries if e.order >= acting.order]

    def arrived(self, topic: str) -> int:
        """Return how many commands of a topic have been accepted for the open frame."""
        return int(topic in self._arrived)

    def offer(self, topic: str, stamp_ns: int, command: T) -> Verdict:
        """Take a command that carries ``stamp_ns`` (ns), or say why not."""
        verdict = self._judge(topic, stamp_ns)
        if verdict != "accepted":
            return verdict
        self._arrived.add(topic)
        self._count += 1
        at_ns = min(stamp_ns or self._open_ns, self._open_ns)
        order = (stamp_ns, -self._topics.index(topic)) if self._lockstep else (self._count, 0)
        release_ns = at_ns + self._latency.of_ns("command", at_ns)
        entry = _Entry(release_ns, order, command)
        self._entries = [e for e in self._entries if e.release_ns < release_ns or e.order > order]
        self._entries.append(entry)
        self._latest_ns = at_ns  # a clock that is ahead must not make later commands old
        return "accepted"

    def acting(self) -> tuple[T, int] | None:
        """Return the command that acts from the open frame on, and how long (ns) it has by now."""
        acting = self._acting()
        return None if acting is None else (acting.command, self._open_ns - acting.release_ns)

    def forget(self) -> None:
        """Drop all commands, those under way too."""
        self._entries.clear()

    def _acting(self) -> _Entry[T] | None:
        released = (entry for entry in self._entries if entry.release_ns <= self._open_ns)
        return max(released, key=lambda entry: entry.order, default=None)

    def _judge(self, topic: str, stamp_ns: int) -> Verdict:
        if self._lockstep:
            if stamp_ns != self._open_ns:
                return "late" if 0 < stamp_ns < self._open_ns else "refused"
            return "repeated" if topic in self._arrived else "accepted"
        too_old = stamp_ns < max(self._latest_ns, self._open_ns - self._hold_ns)
        return "late" if stamp_ns and too_old else "accepted"
