"""Look into serialized messages without decoding them: the stamp, and the bytes between fields."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rosbags.interfaces import Nodetype

from ..core.errors import ProtocolError
from ..core.run_contract.timebase import NS_PER_S
from ..core.run_contract.topic import Topic
from .types import MOST_PADDING_BYTES, canonical, store_of

_ENCAPSULATION_BYTES = 4
_COUNT_BYTES = 4
_LITTLE_ENDIAN = b"\0\1\0\0"
_SIZES = {
    **dict.fromkeys(("bool", "byte", "char", "octet", "int8", "uint8"), 1),
    **dict.fromkeys(("int16", "uint16"), 2),
    **dict.fromkeys(("int32", "uint32", "float32"), 4),
    **dict.fromkeys(("int64", "uint64", "float64"), 8),
}
_ONES = np.uint32(0x7F800000)
"""The exponent of a float32 that is no finite number."""
_MOST_LAYOUTS = 256


def peek_stamp_ns(data: bytes, row: Topic) -> int | None:
    """Return the stamp of a CDR message in nanoseconds, None when its type has none.

    ``row.stamp_offset`` says where it lies. A message whose stamp sits in its first element but
    that has no element, or one too short for its type, raises ProtocolError.
    """
    offset = row.stamp_offset
    if offset is None:
        return None
    order = "<" if len(data) > 1 and data[1] & 1 else ">"
    if len(data) < offset + 8:
        raise ProtocolError(f"a message of {len(data)} bytes on {row.name} is too short")
    if offset > _ENCAPSULATION_BYTES:
        (count,) = struct.unpack_from(order + "I", data, offset - _COUNT_BYTES)
        if count == 0:
            raise ProtocolError(f"an empty array on {row.name} has no stamp; it needs one element")
    seconds, nanoseconds = struct.unpack_from(order + "iI", data, offset)
    return int(seconds) * NS_PER_S + int(nanoseconds)


class Canonicaliser:
    """Sets bytes between fields to zero, as ``canonical`` does, in the messages of one topic.

    It knows their layouts: a message that has the lengths of one before it has its fields where
    that had them, and so has one that only ends in another number of bytes, as a JPEG does; what is
    not looked at need not be decoded. Whatever else decoding changes or refuses is left to it.
    """

    def __init__(self, name: str) -> None:
        """Take the type of the messages."""
        self._name = name
        self._layouts: dict[int, Layout | None] = {}
        self._first: Layout | None = None

    def __call__(self, data: bytes) -> bytes:
        """Return a message; ProtocolError when the bytes are none."""
        length = len(data)
        known = self._layouts.get(length)
        if known is not None and known.fits(data):
            return known.cleaned(data)
        near = self._first.stretched(data) if self._first is not None else None
        if near is not None and near.fits(data):
            return near.cleaned(data)
        clean = canonical(data, self._name)
        first = not self._layouts
        if len(self._layouts) >= _MOST_LAYOUTS:
            self._layouts.clear()
        # A length that comes but once is not worth the look.
        known = layout_of(data, self._name) if first or length in self._layouts else None
        known = known if known is not None and known.size == len(clean) else None
        self._layouts[length] = known
        if first:
            self._first = known
        return clean


@dataclass(frozen=True, eq=False)
class Layout:
    """Where a message has what; positions count from its first byte.

    * size: its bytes, without what a writer adds at the end.
    * counts_at, counts: the places (in units of 4 bytes) of lengths, and these.
    * gaps: bytes that mean nothing, between fields.
    * limited, limits: bytes of text, its end and truth values, and the most that each may be.
    * floats_at: places (in units of 4 bytes) of single float32.
    * bytes_end: where the bytes of the last count end, if only single bytes follow; else 0.
    """

    size: int
    counts_at: NDArray[np.int64]
    counts: NDArray[np.uint32]
    gaps: NDArray[np.int64]
    limited: NDArray[np.int64]
    limits: NDArray[np.uint8]
    floats_at: NDArray[np.int64]
    bytes_end: int

    def stretched(self, data: bytes) -> Layout | None:
        """Return the layout with as many bytes at its end as a message has; None where none fit."""
        if not self.bytes_end:
            return None
        count_at = _COUNT_BYTES * int(self.counts_at[-1])
        if len(data) < count_at + _COUNT_BYTES:
            return None
        (count,) = struct.unpack_from("<I", data, count_at)
        more = int(count) - int(self.counts[-1])
        if not 0 <= len(data) - (self.size + more) < MOST_PADDING_BYTES:
            return None
        return replace(
            self,
            size=self.size + more,
            counts=np.append(self.counts[:-1], np.uint32(count)),
            limited=np.where(self.limited < self.bytes_end, self.limited, self.limited + more),
            bytes_end=self.bytes_end + more,
        )

    def fits(self, data: bytes) -> bool:
        """Tell whether a message of as many bytes has this layout and plain content."""
        if data[:_ENCAPSULATION_BYTES] != _LITTLE_ENDIAN:
            return False
        words = np.frombuffer(data, "<u4", len(data) // 4)
        if (words[self.counts_at] != self.counts).any():
            return False
        if (np.frombuffer(data, np.uint8)[self.limited] > self.limits).any():
            return False
        return not ((words[self.floats_at] & _ONES) == _ONES).any()

    def cleaned(self, data: bytes) -> bytes:
        """Return a message that fits with its gaps set to zero."""
        if len(data) == self.size and not np.frombuffer(data, np.uint8)[self.gaps].any():
            return data
        clean = bytearray(data[: self.size])
        np.frombuffer(clean, np.uint8)[self.gaps] = 0
        return bytes(clean)


def layout_of(data: bytes, name: str) -> Layout | None:
    """Return the layout of a message of a type; None for what is not known here, as wide text.

    ``canonical`` has to have taken the message before.
    """
    if data[:_ENCAPSULATION_BYTES] != _LITTLE_ENDIAN:
        return None
    look = _Look(data, store_of(name).fielddefs)
    try:
        look.fields(name)
    except KeyError:
        return None
    most = ((look.text, 127), (look.truths, 1), (look.ends, 0))
    limited = np.array([at for places, _ in most for at in places], np.int64)
    limits = np.array([limit for places, limit in most for _ in places], np.uint8)
    return Layout(
        look.at,
        np.array(look.counts_at, np.int64),
        np.array(look.counts, np.uint32),
        np.array(look.gaps, np.int64),
        limited,
        limits,
        np.array(look.floats_at, np.int64),
        look.bytes_end,
    )


@dataclass
class _Look:
    """Goes through a message field by field; ``at`` is where the next byte lies."""

    data: bytes
    types: Any
    at: int = _ENCAPSULATION_BYTES
    counts_at: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    gaps: list[int] = field(default_factory=list)
    text: list[int] = field(default_factory=list)
    truths: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    floats_at: list[int] = field(default_factory=list)
    bytes_end: int = 0

    def fields(self, name: str) -> None:
        """Pass the fields of a type; KeyError for what has no size here."""
        for _, (kind, of) in self.types[name][1]:
            self._one(kind, of)

    def _one(self, kind: Nodetype, of: Any) -> None:
        if kind == Nodetype.BASE:
            self._single(of[0])
        elif kind == Nodetype.NAME:
            self.fields(of)
        else:
            (inner, what), count = of
            count = self._count() if kind == Nodetype.SEQUENCE else count
            if inner == Nodetype.BASE and what[0] != "string":
                size = _SIZES[what[0]]
                self._align(size if count else 1)
                self.at += size * count
                if size == 1 and kind == Nodetype.SEQUENCE:
                    self.bytes_end = self.at
            else:
                for _ in range(count):
                    self._one(inner, what)

    def _single(self, base: str) -> None:
        if base == "string":
            length = self._count()
            if length == 0:
                raise KeyError("a string without its end, which canonical adds")
            self.text += range(self.at, self.at + length - 1)
            self.ends.append(self.at + length - 1)
            self.at += length
            return
        self._align(_SIZES[base])
        if base == "bool":
            self.truths.append(self.at)
        elif base == "float32":
            self.floats_at.append(self.at // 4)
        self.at += _SIZES[base]

    def _count(self) -> int:
        self._align(_COUNT_BYTES)
        (count,) = struct.unpack_from("<I", self.data, self.at)
        self.counts_at.append(self.at // 4)
        self.counts.append(count)
        self.at += _COUNT_BYTES
        return int(count)

    def _align(self, size: int) -> None:
        if size > 1:
            self.bytes_end = 0
        over = -(self.at - _ENCAPSULATION_BYTES) % size
        self.gaps += range(self.at, self.at + over)
        self.at += over
