"""Walk the records of an MCAP file that may end anywhere, trusting nothing."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import lz4.frame
import zstandard
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Channel, Chunk, Message, Metadata, Schema

from ..core.errors import InputError

MAGIC = b"\x89MCAP0\r\n"
_HEAD = struct.Struct("<BQ")
_MESSAGE_HEAD_BYTES = 22
_LARGEST_RECORD = 4 * 1024**3


@dataclass
class Damage:
    """What could not be read.

    ``cut_bytes`` follow the last whole record, ``bad_chunks`` failed their checksum,
    ``salvaged`` messages came whole out of the cut chunk, without a checksum to prove them.
    ``ended`` says that the writer had closed the data section; else what it still held in memory
    is lost too.
    """

    cut_bytes: int = 0
    bad_chunks: int = 0
    bad_chunk_bytes: int = 0
    salvaged: int = 0
    ended: bool = False
    footer: bool = False

    @property
    def whole(self) -> bool:
        """Nothing is wrong with the file."""
        return self.ended and self.footer and not self.cut_bytes and not self.bad_chunks


@dataclass
class Scan:
    """The definitions met so far and the damage; both grow while ``records`` is consumed."""

    schemas: dict[int, Schema] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    damage: Damage = field(default_factory=Damage)


def records(path: Path, scan: Scan) -> Iterator[Message | Metadata]:
    """Yield messages and metadata in file order; fill ``scan`` on the way.

    A chunk whose checksum is wrong is skipped; a file that stops within a record ends there, and
    whole messages of an uncompressed cut chunk are still yielded. InputError when the file does
    not begin as MCAP does.
    """
    with path.open("rb") as stream:
        if stream.read(len(MAGIC)) != MAGIC:
            raise InputError(f"{path} is not an MCAP file: it does not begin with MCAP's magic")
        size = path.stat().st_size
        yield from _walk(stream, size, scan)


def _walk(stream: BinaryIO, size: int, scan: Scan) -> Iterator[Message | Metadata]:
    damage = scan.damage
    while True:
        start = stream.tell()
        head = stream.read(_HEAD.size)
        if not head:
            return
        if damage.footer and start + len(MAGIC) == size:
            if (head + stream.read())[: len(MAGIC)] != MAGIC:
                damage.footer = False
            return
        opcode, length = _HEAD.unpack(head) if len(head) == _HEAD.size else (0, 0)
        cut = opcode == 0 or length > _LARGEST_RECORD or stream.tell() + length > size
        if cut and not damage.ended:
            damage.cut_bytes = size - start
            if opcode == Opcode.CHUNK:
                yield from _salvage(stream.read(), scan)
        if cut:
            damage.footer = False
            return
        if opcode == Opcode.CHUNK:
            yield from _chunk(stream.read(length), scan)
        elif opcode == Opcode.METADATA:
            yield Metadata.read(ReadDataStream(BytesIO(stream.read(length))))
        elif opcode in (Opcode.SCHEMA, Opcode.CHANNEL) and not damage.ended:
            _define(opcode, stream.read(length), scan)
        else:
            damage.ended |= opcode == Opcode.DATA_END
            damage.footer |= opcode == Opcode.FOOTER
            stream.seek(length, 1)


def _chunk(payload: bytes, scan: Scan) -> Iterator[Message]:
    """Yield the messages of one whole chunk if its checksum holds."""
    try:
        chunk = Chunk.read(ReadDataStream(BytesIO(payload)))
        data = _decompressed(chunk)
    except (McapError, struct.error, RuntimeError, zstandard.ZstdError, UnicodeDecodeError):
        data = None
    if data is None:
        scan.damage.bad_chunks += 1
        scan.damage.bad_chunk_bytes += len(payload)
        return
    yield from _inner(data, scan)


def _decompressed(chunk: Chunk) -> bytes | None:
    """Return the records of a chunk, None when size or checksum are wrong."""
    if chunk.compression == "lz4":
        data = bytes(lz4.frame.decompress(chunk.data))
    elif chunk.compression == "zstd":
        data = zstandard.decompress(chunk.data, chunk.uncompressed_size)
    elif chunk.compression == "":
        data = chunk.data
    else:
        return None
    if len(data) != chunk.uncompressed_size:
        return None
    return data if chunk.uncompressed_crc in (0, zlib.crc32(data)) else None


def _salvage(payload: bytes, scan: Scan) -> Iterator[Message]:
    """Yield whole messages of a chunk that was being written when the file stopped."""
    fixed = 8 + 8 + 8 + 4
    if len(payload) < fixed + 4:
        return
    (name_length,) = struct.unpack_from("<I", payload, fixed)
    if name_length:
        return  # compressed: its records cannot be read without the rest
    for message in _inner(payload[fixed + 4 + 8 :], scan):
        scan.damage.salvaged += 1
        yield message


def _inner(data: bytes, scan: Scan) -> Iterator[Message]:
    offset = 0
    while offset + _HEAD.size <= len(data):
        opcode, length = _HEAD.unpack_from(data, offset)
        offset += _HEAD.size
        if offset + length > len(data):
            return
        body = data[offset : offset + length]
        offset += length
        if opcode == Opcode.MESSAGE and length >= _MESSAGE_HEAD_BYTES:
            yield Message.read(ReadDataStream(BytesIO(body)), length)
        elif opcode in (Opcode.SCHEMA, Opcode.CHANNEL):
            _define(opcode, body, scan)


def _define(opcode: int, body: bytes, scan: Scan) -> None:
    source = ReadDataStream(BytesIO(body))
    if opcode == Opcode.SCHEMA:
        schema = Schema.read(source)
        scan.schemas[schema.id] = schema
    else:
        channel = Channel.read(source)
        scan.channels[channel.id] = channel
