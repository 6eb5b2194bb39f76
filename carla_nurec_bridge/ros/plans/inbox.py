"""Receives a stack's answers: each belongs to the frame whose stamp it carries."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from rclpy.node import Node

from ...core.errors import InputError
from ...core.run_contract.timebase import seconds_to_ns
from ..messages.convert import nanoseconds_of
from ..publishers.qos import profile
from .sources import Source

T = TypeVar("T")

_KEEP = 16
_POLL_S = 0.05
_TELL_S = 5.0


@dataclass(frozen=True)
class InboxSettings:
    """How answers are taken.

    * lockstep: an answer must carry the stamp of the frame; else the newest one holds.
    * max_age_s: how old that may be, in simulated time.
    """

    lockstep: bool
    max_age_s: float


class PlanInbox(Generic[T]):
    """Hears the topics of ``sources``; callbacks in the executor.

    ``counts`` says what became of the answers: accepted, replaced (another one for its stamp came
    before it was asked for), late, refused, unused.
    """

    def __init__(self, node: Node, settings: InboxSettings, sources: Sequence[Source[T]]) -> None:
        self._log = node.get_logger()
        self._settings = settings
        self._changed = threading.Condition()
        self._plans: dict[int, T] = {}
        self._answered_ns = 0
        self.counts: Counter[str] = Counter()
        self._readers = [self._hear(node, source) for source in sources]

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that a stack may answer on."""
        return tuple(reader.topic_name for reader in self._readers)

    def wait(self, stamp_ns: int, limit_s: float, alive: Callable[[], bool]) -> T | None:
        """Return the answer to a frame; None when none comes in time or nobody waits any more."""
        deadline = time.monotonic() + limit_s
        with self._changed:
            while (plan := self._answer(stamp_ns)) is None:
                left_s = deadline - time.monotonic()
                if left_s <= 0 or not alive():
                    break
                self._changed.wait(min(left_s, _POLL_S))
            self._close(stamp_ns)
            return plan

    def wake(self) -> None:
        """Let a running ``wait`` look whether anybody still waits."""
        with self._changed:
            self._changed.notify_all()

    def _answer(self, stamp_ns: int) -> T | None:
        if self._settings.lockstep:
            return self._plans.get(stamp_ns)
        oldest_ns = stamp_ns - seconds_to_ns(self._settings.max_age_s)
        fresh = [stamp for stamp in self._plans if oldest_ns <= stamp <= stamp_ns]
        return self._plans[max(fresh)] if fresh else None

    def _close(self, stamp_ns: int) -> None:
        """Close a frame: later answers to it are late. Without lock-step the newest one is kept."""
        self._answered_ns = stamp_ns
        over = [stamp for stamp in self._plans if stamp <= stamp_ns]
        kept = set() if self._settings.lockstep else {max(over, default=0)}
        for stamp in over:
            if self._settings.lockstep and stamp < stamp_ns:
                self.counts["unused"] += 1
            if stamp not in kept:
                del self._plans[stamp]

    def refuse(self, what: str, why: InputError) -> None:
        """Count an answer that is none, and say so in the log."""
        self.counts["refused"] += 1
        self._log.warning(
            f"{what} was refused: {why} ({self.counts['refused']} so far)",
            throttle_duration_sec=_TELL_S,
        )

    def _hear(self, node: Node, source: Source[T]) -> Any:
        def receive(message: Any) -> None:
            try:
                plan = source.read(message)
            except InputError as error:
                self.refuse(f"a message on {source.topic}", error)
                return
            self._take(nanoseconds_of(message.header.stamp), plan)

        return node.create_subscription(source.message, source.topic, receive, profile("command"))

    def _take(self, stamp_ns: int, plan: T) -> None:
        with self._changed:
            if self._settings.lockstep and stamp_ns <= self._answered_ns:
                self.counts["late"] += 1
                return
            self.counts["replaced" if stamp_ns in self._plans else "accepted"] += 1
            self._plans[stamp_ns] = plan
            while len(self._plans) > _KEEP:
                del self._plans[min(self._plans)]
                self.counts["unused"] += 1
            self._changed.notify_all()
