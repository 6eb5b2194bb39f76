"""Count and hash what was recorded of each stream."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field
from typing import Any


def _sha256() -> Any:
    return hashlib.sha256()


@dataclass
class Tally:
    """Messages, size and a running hash of one stream, in the order in which they are kept.

    The hash is SHA-256 over each message's length (uint64, little-endian) and canonical bytes,
    so that two runs with equal messages have equal hashes and nothing else does.
    """

    messages: int = 0
    size_bytes: int = 0
    first_ns: int | None = None
    last_ns: int | None = None
    _hash: Any = field(default_factory=_sha256, repr=False)

    def add(self, stamp_ns: int, data: bytes) -> None:
        """Count one message with its log time."""
        self.messages += 1
        self.size_bytes += len(data)
        self.first_ns = stamp_ns if self.first_ns is None else min(self.first_ns, stamp_ns)
        self.last_ns = stamp_ns if self.last_ns is None else max(self.last_ns, stamp_ns)
        self._hash.update(struct.pack("<Q", len(data)))
        self._hash.update(data)

    @property
    def sha256(self) -> str:
        """The hash so far, in hexadecimal."""
        return str(self._hash.hexdigest())
