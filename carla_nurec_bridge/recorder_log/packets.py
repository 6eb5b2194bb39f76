"""The packets and frames of a recording, kept as places in the file: ten bytes a packet."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, overload

from .layouts import PACKET_HEADER


class Packet(NamedTuple):
    """A packet: its id in the file, and where its body lies in ``Log.data``."""

    number: int
    offset: int
    size: int


class Packets(Sequence[Packet]):
    """Packets that follow each other in a file, from ``first`` up to before ``end``.

    ``numbers`` has the id of each packet of the file, ``heads`` where its header begins and, in the
    end, where the last one ends.
    """

    __slots__ = ("_end", "_first", "_heads", "_numbers")

    def __init__(
        self, numbers: bytearray, heads: array[int], first: int = 0, end: int | None = None
    ) -> None:
        self._numbers, self._heads = numbers, heads
        self._first, self._end = first, len(numbers) if end is None else end

    @property
    def numbers(self) -> bytearray:
        """The id of each packet."""
        return self._numbers[self._first : self._end]

    @property
    def size(self) -> int:
        """Bytes from the first header to the last body's end."""
        return self._heads[self._end] - self._heads[self._first]

    def __len__(self) -> int:
        return self._end - self._first

    @overload
    def __getitem__(self, index: int) -> Packet: ...

    @overload
    def __getitem__(self, index: slice) -> Packets: ...

    def __getitem__(self, index: int | slice) -> Packet | Packets:
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step != 1:
                raise ValueError("packets follow each other")
            first = self._first + start
            return Packets(self._numbers, self._heads, first, max(first, self._first + stop))
        at = self._first + range(len(self))[index]
        offset = self._heads[at] + PACKET_HEADER.size
        return Packet(self._numbers[at], offset, self._heads[at + 1] - offset)

    def __iter__(self) -> Iterator[Packet]:
        return map(self.__getitem__, range(len(self)))


@dataclass(frozen=True)
class LogFrame:
    """One recorded tick; ``duration_s`` is the delta of the next one, -1 when there is none."""

    frame_id: int
    elapsed_s: float
    duration_s: float
    packets: Packets


@dataclass(frozen=True)
class Frames(Sequence[LogFrame]):
    """The frames of a recording; each is put together when it is asked for."""

    packets: Packets
    ids: array[int] = field(default_factory=lambda: array("Q"))
    elapsed_s: array[float] = field(default_factory=lambda: array("d"))
    duration_s: array[float] = field(default_factory=lambda: array("d"))
    first: array[int] = field(default_factory=lambda: array("Q"))
    end: array[int] = field(default_factory=lambda: array("Q"))

    def add(self, frame: LogFrame, first: int, end: int) -> None:
        """Append a frame that has the packets from ``first`` up to before ``end``."""
        self.ids.append(frame.frame_id)
        self.elapsed_s.append(frame.elapsed_s)
        self.duration_s.append(frame.duration_s)
        self.first.append(first)
        self.end.append(end)

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, index: int) -> LogFrame: ...

    @overload
    def __getitem__(self, index: slice) -> list[LogFrame]: ...

    def __getitem__(self, index: int | slice) -> LogFrame | list[LogFrame]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        at = range(len(self))[index]
        packets = self.packets[self.first[at] : self.end[at]]
        return LogFrame(self.ids[at], self.elapsed_s[at], self.duration_s[at], packets)
