"""How long messages are under way, in simulated time: fixed, and jittered by a seed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Latency:
    """``fixed_ns`` and, drawn anew for each message, 0 to ``jitter_ns`` more; the seed decides."""

    fixed_ns: int = 0
    jitter_ns: int = 0
    seed: int = 0

    @property
    def most_ns(self) -> int:
        """The longest that a message may be under way."""
        return self.fixed_ns + self.jitter_ns

    def of_ns(self, stream: str, index: int) -> int:
        """Return how long message ``index`` of a stream is under way: always the same."""
        if self.jitter_ns == 0:
            return self.fixed_ns
        text = f"{self.seed}/{stream}/{index}".encode()
        drawn = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")
        return self.fixed_ns + (drawn * (self.jitter_ns + 1) >> 64)


NO_LATENCY = Latency()
