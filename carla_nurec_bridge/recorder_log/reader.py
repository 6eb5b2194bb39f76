"""Reading a recording: one pass over the packets, every size checked against the file."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np

from ..core.errors import InputError
from .cursor import Cursor
from .layouts import (
    COUNT,
    DATE,
    FRAME_START,
    MAGIC,
    NUMBERS,
    PACKET_HEADER,
    RECORDS,
    VERSION_NUMBER,
    PacketKind,
)
from .log import Log, packet_words
from .mapped import Bytes, note_reading, open_bytes
from .packet_versions import packet_kinds
from .packets import (
    Frames,
    LogFrame,
    Packet,
    Packets,
)
from .records import read_all, read_event_add, read_walker_bones

# Records that hold texts, whose lengths may lie; those of wheels are read to tell the version.
_WITH_TEXTS: dict[int, Callable[[Cursor], object]] = {
    PacketKind.EVENT_ADD: read_event_add,
    PacketKind.WALKER_BONES: read_walker_bones,
}
_MAX_PACKETS = 20_000_000


def read_log(path: Path | str) -> Log:
    """Read a CARLA recording (0.9.4 to 0.9.16) of any size.

    A file that ends inside a frame, as one of a killed server does, or that is broken after some
    frames, is used up to its last whole frame; ``Log.note`` then says so. InputError: no such file,
    not a recording, or a first frame whose packets contradict their own sizes.
    """
    path = Path(path)
    return parse_log(open_bytes(path), str(path))


def parse_log(data: Bytes, source: str) -> Log:
    """Read a recording from its bytes; ``source`` names it in errors (see ``read_log``)."""
    version, date_s, map_name, start = _read_header(data, source)
    packets, end = _scan(data, start, source)
    bounds = _bounds(packets)
    note = None
    if end < len(data):
        note = f"the file ends inside a packet at byte {end} of {len(data)}"
    preamble = packets[: bounds[0]]
    if len(bounds) > 1 and packets[-1].number != PacketKind.FRAME_END:
        _drop_cut_frame(packets, bounds)
        note = note or f"the file ends inside a frame at byte {end}"
    if len(bounds) < 2:
        raise InputError(f"{source} holds no whole frame; record it again")
    kinds = packet_kinds(data, packets, source)
    frames = Frames(packets)
    for first, stop in pairwise(bounds):
        try:
            frame = _frame(data, packets[first:stop], kinds, source)
            _check_time(frame, frames.elapsed_s[-1] if frames else 0.0, source)
        except InputError as error:
            if not frames:
                raise
            note = str(error).removeprefix(f"{source}: ")
            break
        frames.add(frame, first, stop)
    if note:
        note += f"; the {len(frames)} whole frames before it are used"
    return Log(source, version, date_s, map_name, start, data, preamble, frames, note, kinds)


def _read_header(data: Bytes, source: str) -> tuple[int, int, str, int]:
    cursor = Cursor(data, 0, len(data), f"{source}: the header")
    magic_at = VERSION_NUMBER.size + COUNT.size
    if data[magic_at : magic_at + len(MAGIC)] != MAGIC:
        raise InputError(f"{source} is not a CARLA recording (it lacks {MAGIC.decode()!r})")
    version = cursor.whole(VERSION_NUMBER)
    if (told := cursor.text()) != MAGIC.decode():
        raise InputError(f"{source}: the header is broken: its first text has {len(told)} letters")
    date_s = cursor.whole(DATE)
    return version, date_s, cursor.text(), cursor.offset


def _scan(data: Bytes, offset: int, source: str) -> tuple[Packets, int]:
    """Return the packets that lie wholly in the data, and where the last of them ends."""
    numbers, heads = bytearray(), array("Q", [offset])
    unpack, header, end = PACKET_HEADER.unpack_from, PACKET_HEADER.size, len(data)
    while offset + header <= end:
        number, size = unpack(data, offset)
        if size > end - offset - header:
            break
        offset += header + size
        numbers.append(number)
        heads.append(offset)
        note_reading(data, header)
        if number == PacketKind.FRAME_START and size != FRAME_START.size:
            break  # as in a tail of zeros, which would be packets of five bytes
        if len(numbers) > _MAX_PACKETS:
            raise InputError(f"{source} holds more than {_MAX_PACKETS} packets; it is broken")
    return Packets(numbers, heads), offset


def _bounds(packets: Packets) -> array[int]:
    """Return the index of each packet that begins a frame and, in the end, their number."""
    numbers = packets.numbers
    bounds, at = array("Q"), numbers.find(PacketKind.FRAME_START)
    while at >= 0:
        bounds.append(at)
        at = numbers.find(PacketKind.FRAME_START, at + 1)
    bounds.append(len(numbers))
    return bounds


def _drop_cut_frame(packets: Packets, bounds: array[int]) -> None:
    """Leave out a last frame that has no end; packets after an end belong to no frame."""
    last = packets[bounds[-2] :].numbers.rfind(PacketKind.FRAME_END)
    bounds.pop()
    if last >= 0:
        bounds.append(bounds[-1] + last + 1)


def _frame(data: Bytes, group: Packets, kinds: dict[int, int], source: str) -> LogFrame:
    start = group[0]
    if start.size != FRAME_START.size:
        raise InputError(
            f"{source}: the frame at byte {start.offset} begins with {start.size} bytes instead "
            f"of {FRAME_START.size}; the file is broken"
        )
    frame_id, duration_s, elapsed_s = FRAME_START.unpack_from(data, start.offset)
    note_reading(data, group.size)
    for packet in group[1:]:
        kind = kinds.get(packet.number, packet.number)
        if kind in RECORDS:
            _check_counted(data, packet, kind, frame_id, source)
        elif kind in NUMBERS and packet.size != NUMBERS[kind].size:
            what = packet_words(source, frame_id, kind)
            raise InputError(f"{what} has {packet.size} bytes instead of {NUMBERS[kind].size}")
        elif kind in _WITH_TEXTS:
            what = packet_words(source, frame_id, kind)
            cursor = Cursor(data, packet.offset, packet.offset + packet.size, what)
            read_all(cursor, _WITH_TEXTS[kind])
    return LogFrame(frame_id, elapsed_s, duration_s, group)


def _check_counted(data: Bytes, packet: Packet, kind: int, frame_id: int, source: str) -> None:
    itemsize = RECORDS[kind].itemsize
    if packet.size >= COUNT.size:
        (count,) = COUNT.unpack_from(data, packet.offset)
        body = packet.size - COUNT.size
        if body == count * itemsize:
            if kind == PacketKind.POSITION:
                _check_finite(data, packet, count, frame_id, source)
            return
        if kind == PacketKind.POSITION and body == count * 52:
            raise InputError(
                f"{source} was recorded by CARLA 0.10 (64-bit vectors); only recordings of "
                "CARLA 0.9.x are read"
            )
    what = packet_words(source, frame_id, kind)
    raise InputError(
        f"{what} is broken: its {packet.size} bytes at byte {packet.offset} are not a count and "
        f"that many records of {itemsize} bytes"
    )


def _check_finite(data: Bytes, packet: Packet, count: int, frame_id: int, source: str) -> None:
    records = np.frombuffer(data, RECORDS[PacketKind.POSITION], count, packet.offset + COUNT.size)
    if not (np.isfinite(records["location"]).all() and np.isfinite(records["rotation"]).all()):
        raise InputError(f"{source}: frame {frame_id} holds a position that is no number")


def _check_time(frame: LogFrame, before_s: float, source: str) -> None:
    if not (math.isfinite(frame.duration_s) and before_s <= frame.elapsed_s < math.inf):
        raise InputError(
            f"{source}: frame {frame.frame_id} is at {frame.elapsed_s} s and lasts "
            f"{frame.duration_s} s, after a frame at {before_s} s; the file is broken"
        )
