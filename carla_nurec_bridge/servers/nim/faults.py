"""What a server does wrong on purpose, so that a client's handling of it can be tested."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

FAULT_KINDS: dict[str, str] = {
    "rate-limit": "429 with Retry-After",
    "server-error": "503",
    "slow": "answered late",
    "cut-stream": "the connection ends in the middle of the answer",
    "prose": "chat and a code fence round what was asked for",
    "wrong-language": "German",
    "refusal": "a refusal instead of an answer",
}
"""Each kind and what it does, those that refuse a request first."""

_REFUSING = ("rate-limit", "server-error")


@dataclass(frozen=True)
class Fault:
    """One kind, for the next ``times`` requests; None for all."""

    kind: str
    times: int | None = None


class FaultPlan:
    """Which faults the next request gets; safe between threads."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        """Begin; of several faults of one kind the times add up."""
        self._left: dict[str, int | None] = {}
        for fault in faults:
            before = self._left.get(fault.kind, 0)
            both = None if before is None or fault.times is None else before + fault.times
            self._left[fault.kind] = both
        self._lock = threading.Lock()

    def take(self) -> frozenset[str]:
        """Return the kinds for one request and count them; one that refuses comes alone."""
        with self._lock:
            due = [kind for kind, left in self._left.items() if left is None or left > 0]
            refusing = [kind for kind in _REFUSING if kind in due]
            taken = refusing[:1] or due
            for kind in taken:
                left = self._left[kind]
                if left is not None:
                    self._left[kind] = left - 1
            return frozenset(taken)
