"""Writing recordings: a whole one again, or a new one frame by frame."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError, RunError
from ..core.files.reasons import reason_of
from .cursor import encode_text
from .layouts import (
    COUNT,
    DATE,
    FRAME_START,
    LAST_DURATION_S,
    MAGIC,
    MAX_COUNT,
    NUMBERS,
    PACKET_HEADER,
    VERSION,
    VERSION_NUMBER,
    PacketKind,
)
from .log import Log
from .mapped import note_reading
from .packets import Packets
from .records import Record

_DURATION_AT = PACKET_HEADER.size + 8
_DURATION = struct.Struct("<d")
_PIECE_BYTES = 1 << 20


def write_log(log: Log, path: Path | str) -> None:
    """Write a recording as it was read: the same bytes, less what is cut or broken at its end.

    InputError when the file cannot be written.
    """
    data = log.data

    def pieces(packets: Packets) -> Iterator[bytes]:
        for packet in packets:
            begin, end = packet.offset - PACKET_HEADER.size, packet.offset + packet.size
            for at in range(begin, end, _PIECE_BYTES):
                yield data[at : min(at + _PIECE_BYTES, end)]
                note_reading(data, min(_PIECE_BYTES, end - at))

    try:
        with _create(Path(path)) as file:
            file.write(data[: log.header_size])
            file.writelines(pieces(log.preamble))
            for frame in log.frames:
                file.writelines(pieces(frame.packets))
    except OSError as error:
        raise InputError(f"cannot write the recording {path}: {reason_of(error, path)}") from error


def _create(path: Path) -> BinaryIO:
    """Open a file for writing; readers of one that was there go on with what they had."""
    if path.is_file():
        with suppress(OSError):  # then it is written over, if that is allowed
            path.resolve().unlink()
    return path.open("wb")


def encode_header(map_name: str, date_s: int, version: int = VERSION) -> bytes:
    """Return the head of a recording file."""
    magic = encode_text(MAGIC.decode())
    return VERSION_NUMBER.pack(version) + magic + DATE.pack(date_s) + encode_text(map_name)


def encode_packet(kind: int, body: bytes) -> bytes:
    """Return a packet; ids above 100 are free for private use."""
    return PACKET_HEADER.pack(kind, len(body)) + body


def encode_fixed(kind: PacketKind, records: NDArray[np.void]) -> bytes:
    """Return a packet of fixed-size records (``layouts.RECORDS[kind]``)."""
    return encode_packet(kind, _count(len(records), kind) + records.tobytes())


def encode_varying(
    kind: PacketKind, records: Iterable[Record], encode: Callable[[Record], bytes]
) -> bytes:
    """Return a packet of records of varying size."""
    bodies = [encode(record) for record in records]
    return encode_packet(kind, _count(len(bodies), kind) + b"".join(bodies))


def encode_number(kind: PacketKind, value: float) -> bytes:
    """Return a packet that holds one number."""
    return encode_packet(kind, NUMBERS[kind].pack(value))


class LogWriter:
    """Writes a recording as it happens; a file cut off at any moment stays readable.

    As in CARLA, a frame's duration is -1 until the next frame begins, and stays so in the last.
    """

    def __init__(
        self, path: Path | str, map_name: str, date_s: int, version: int = VERSION
    ) -> None:
        """Create the file; InputError when that cannot be done.

        ``date_s`` is in seconds since 1970, ``version`` that of the file's format.
        """
        self.path = Path(path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO | None = _create(self.path)
        except OSError as error:
            raise InputError(
                f"cannot write the recording {path}: {reason_of(error, path)}"
            ) from error
        head = encode_header(map_name, date_s, version)
        self._file.write(head)
        self._size = len(head)
        self._last_start: int | None = None
        self._elapsed_s = 0.0
        self.frames = 0

    def write_frame(self, delta_s: float, packets: Iterable[bytes]) -> None:
        """Write one whole frame, ``delta_s`` seconds after the one before.

        ``packets`` come from the ``encode_...`` functions, in file order, without the frame's
        start and end. The delta of the first frame is not used: it begins at 0 s. InputError when
        the writer is closed, RunError when the disk is full.
        """
        if self._file is None:
            raise InputError(f"the recording {self.path} is closed")
        patched_at = None if self._last_start is None else self._last_start + _DURATION_AT
        if patched_at is not None:
            self._elapsed_s += delta_s
        self.frames += 1
        start = FRAME_START.pack(self.frames, LAST_DURATION_S, self._elapsed_s)
        frame = b"".join(
            (
                encode_packet(PacketKind.FRAME_START, start),
                *packets,
                encode_packet(PacketKind.FRAME_END, b""),
            )
        )
        self._last_start = self._size
        self._size += len(frame)
        try:
            if patched_at is not None:
                self._file.seek(patched_at)
                self._file.write(_DURATION.pack(delta_s))
                self._file.seek(0, os.SEEK_END)
            self._file.write(frame)
        except OSError as error:
            raise RunError(f"the recording {self.path} ends here: {error.strerror}") from error

    def close(self) -> None:
        """Close the file; a second call does nothing. RunError when its end cannot be written."""
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as error:
                raise RunError(f"the recording {self.path} is cut: {error.strerror}") from error


def _count(count: int, kind: PacketKind) -> bytes:
    if count > MAX_COUNT:
        raise InputError(f"a {kind.name} packet holds up to {MAX_COUNT} records, not {count}")
    return COUNT.pack(count)
