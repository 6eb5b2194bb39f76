"""Reading a recording: one pass over the packets, every size checked against the file."""

from __future__ import annotations

import math
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
from .log import Frame, Log, Packet, packet_words
from .numbering import packet_kinds

_MAX_BYTES = 2 << 30
_MAX_PACKETS = 5_000_000


def read_log(path: Path | str) -> Log:
    """Read a CARLA recording (0.9.4 to 0.9.16).

    A file that ends inside a frame, as one of a killed server does, or that is broken after some
    frames, is used up to its last whole frame; ``Log.note`` then says so. InputError: no such file,
    not a recording, above 2 GiB, or a first frame whose packets contradict their own sizes.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > _MAX_BYTES:
            raise InputError(f"{path} has {size} bytes; recordings above 2 GiB are not read")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read the recording {path}: {error.strerror}") from error
    return parse_log(data, str(path))


def parse_log(data: bytes, source: str) -> Log:
    """Read a recording from memory; ``source`` names it in errors (see ``read_log``)."""
    version, date_s, map_name, start = _read_header(data, source)
    packets, end = _scan(data, start, source)
    preamble, groups = _group(packets)
    note = None
    if end < len(data):
        note = f"the file ends inside a packet at byte {end} of {len(data)}"
    if groups and groups[-1][-1].number != PacketKind.FRAME_END:
        groups = _drop_cut_frame(groups)
        note = note or f"the file ends inside a frame at byte {end}"
    if not groups:
        raise InputError(f"{source} holds no whole frame; record it again")
    kinds = packet_kinds(data, packets, source)
    frames: list[Frame] = []
    for group in groups:
        try:
            frame = _frame(data, group, kinds, source)
            _check_time(frame, frames[-1].elapsed_s if frames else 0.0, source)
        except InputError as error:
            if not frames:
                raise
            note = str(error).removeprefix(f"{source}: ")
            break
        frames.append(frame)
    if note:
        note += f"; the {len(frames)} whole frames before it are used"
    return Log(
        source, version, date_s, map_name, start, data, tuple(preamble), tuple(frames), note, kinds
    )


def _read_header(data: bytes, source: str) -> tuple[int, int, str, int]:
    cursor = Cursor(data, 0, len(data), f"{source}: the header")
    magic_at = VERSION_NUMBER.size + COUNT.size
    if data[magic_at : magic_at + len(MAGIC)] != MAGIC:
        raise InputError(f"{source} is not a CARLA recording (it lacks {MAGIC.decode()!r})")
    version = cursor.whole(VERSION_NUMBER)
    cursor.text()
    date_s = cursor.whole(DATE)
    return version, date_s, cursor.text(), cursor.offset


def _scan(data: bytes, offset: int, source: str) -> tuple[list[Packet], int]:
    """Return the packets that lie wholly in the data, and where the last of them ends."""
    packets: list[Packet] = []
    unpack, header, end = PACKET_HEADER.unpack_from, PACKET_HEADER.size, len(data)
    while offset + header <= end:
        number, size = unpack(data, offset)
        if size > end - offset - header:
            break
        packets.append(Packet(number, offset + header, size))
        offset += header + size
        if len(packets) > _MAX_PACKETS:
            raise InputError(f"{source} holds more than {_MAX_PACKETS} packets; it is broken")
    return packets, offset


def _group(packets: list[Packet]) -> tuple[list[Packet], list[list[Packet]]]:
    preamble: list[Packet] = []
    groups: list[list[Packet]] = []
    for packet in packets:
        if packet.number == PacketKind.FRAME_START:
            groups.append([packet])
        else:
            (groups[-1] if groups else preamble).append(packet)
    return preamble, groups


def _drop_cut_frame(groups: list[list[Packet]]) -> list[list[Packet]]:
    """Leave out a last frame that has no end; packets after an end belong to no frame."""
    last = groups[-1]
    ends = [i for i, packet in enumerate(last) if packet.number == PacketKind.FRAME_END]
    return [*groups[:-1], last[: ends[-1] + 1]] if ends else groups[:-1]


def _frame(data: bytes, group: list[Packet], kinds: dict[int, int], source: str) -> Frame:
    start = group[0]
    if start.size != FRAME_START.size:
        raise InputError(
            f"{source}: the frame at byte {start.offset} begins with {start.size} bytes instead "
            f"of {FRAME_START.size}; the file is broken"
        )
    frame_id, duration_s, elapsed_s = FRAME_START.unpack_from(data, start.offset)
    for packet in group[1:]:
        kind = kinds.get(packet.number, packet.number)
        if kind in RECORDS:
            _check_counted(data, packet, kind, frame_id, source)
        elif kind in NUMBERS and packet.size != NUMBERS[kind].size:
            what = packet_words(source, frame_id, kind)
            raise InputError(f"{what} has {packet.size} bytes instead of {NUMBERS[kind].size}")
    return Frame(frame_id, elapsed_s, duration_s, tuple(group))


def _check_counted(data: bytes, packet: Packet, kind: int, frame_id: int, source: str) -> None:
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


def _check_finite(data: bytes, packet: Packet, count: int, frame_id: int, source: str) -> None:
    records = np.frombuffer(data, RECORDS[PacketKind.POSITION], count, packet.offset + COUNT.size)
    if not (np.isfinite(records["location"]).all() and np.isfinite(records["rotation"]).all()):
        raise InputError(f"{source}: frame {frame_id} holds a position that is no number")


def _check_time(frame: Frame, before_s: float, source: str) -> None:
    if not (math.isfinite(frame.duration_s) and before_s <= frame.elapsed_s < math.inf):
        raise InputError(
            f"{source}: frame {frame.frame_id} is at {frame.elapsed_s} s and lasts "
            f"{frame.duration_s} s, after a frame at {before_s} s; the file is broken"
        )
