"""Write an MCAP file of chunks, of which no message is copied on its way to the disk.

The file is byte for byte that of ``mcap.writer.Writer``, made of its records. That one joins
the messages of a chunk, then the chunk and its head, and its checksum takes zlib longer than the
system takes to write it.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import BinaryIO, Literal

import lz4.frame
import zstandard
from isal import isal_zlib
from mcap.data_stream import RecordBuilder
from mcap.opcode import Opcode
from mcap.records import (
    Channel,
    ChunkIndex,
    DataEnd,
    Footer,
    Header,
    McapRecord,
    MessageIndex,
    Metadata,
    MetadataIndex,
    Schema,
    Statistics,
    SummaryOffset,
)

Compression = Literal["none", "lz4", "zstd"]

_MAGIC = b"\x89MCAP0\r\n"
_MESSAGE = struct.Struct("<BQHIQQ")
_RECORD_HEAD_BYTES = 9
_COMPRESSORS: Mapping[str, Callable[[bytes], bytes]] = {
    "lz4": lz4.frame.compress,
    "zstd": zstandard.compress,
}


class ChunkedFile:
    """An MCAP file in the making; every method that writes raises OSError when the disk refuses.

    Messages are held as they are until ``end_chunk``; whoever calls it decides how large chunks
    are. ``finish`` writes the summary and leaves the stream open.
    """

    def __init__(self, stream: BinaryIO, compression: Compression, library: str) -> None:
        """Write the file's head to an empty stream."""
        self._stream = stream
        self._compression = compression
        self._schemas: list[Schema] = []
        self._channels: list[Channel] = []
        self._chunks: list[ChunkIndex] = []
        self._metadata: list[MetadataIndex] = []
        self._statistics = Statistics(0, 0, defaultdict(int), 0, 0, 0, 0, 0, 0)
        self._chunk = _Chunk()
        self._stream.write(_MAGIC)
        self._write(Header("ros2", library))

    @property
    def chunk_bytes(self) -> int:
        """The size of the messages of the open chunk with their heads."""
        return self._chunk.size

    def add_schema(self, name: str, encoding: str, definition: bytes) -> int:
        """Add a schema to the open chunk; return its number."""
        self._schemas.append(Schema(len(self._schemas) + 1, definition, encoding, name))
        self._chunk.add(_bytes_of(self._schemas[-1]))
        return len(self._schemas)

    def add_channel(self, topic: str, encoding: str, schema: int, about: dict[str, str]) -> int:
        """Add a channel to the open chunk; return its number."""
        self._channels.append(Channel(len(self._channels) + 1, topic, encoding, about, schema))
        self._chunk.add(_bytes_of(self._channels[-1]))
        return len(self._channels)

    def add_metadata(self, name: str, values: dict[str, str]) -> None:
        """Write a metadata record at once."""
        offset = self._stream.tell()
        length = self._write(Metadata(name, values))
        self._metadata.append(MetadataIndex(offset, length, name))

    def add_message(
        self, channel: int, log_ns: int, publish_ns: int, data: bytes, sequence: int
    ) -> None:
        """Add a message to the open chunk."""
        counts = self._statistics
        first_ns = counts.message_start_time if counts.message_count else log_ns
        counts.message_start_time = min(first_ns, log_ns)
        counts.message_end_time = max(counts.message_end_time, log_ns)
        counts.message_count += 1
        counts.channel_message_counts[channel] += 1
        self._chunk.add_message(channel, log_ns, publish_ns, data, sequence)

    def end_chunk(self) -> None:
        """Write the open chunk with its checksum and index to the operating system."""
        if self._chunk.index:
            chunk, self._chunk = self._chunk, _Chunk()
            self._write_chunk(chunk)
        self._stream.flush()

    def finish(self) -> None:
        """Write the open chunk, the summary and the footer."""
        self.end_chunk()
        self._write(DataEnd(0))
        start = self._stream.tell()
        summary = RecordBuilder()
        groups: list[SummaryOffset] = []
        self._statistics.schema_count = len(self._schemas)
        self._statistics.channel_count = len(self._channels)
        self._statistics.metadata_count = len(self._metadata)
        self._statistics.chunk_count = len(self._chunks)
        content: tuple[tuple[Opcode, Iterable[McapRecord]], ...] = (
            (Opcode.SCHEMA, self._schemas),
            (Opcode.CHANNEL, self._channels),
            (Opcode.STATISTICS, [self._statistics]),
            (Opcode.CHUNK_INDEX, self._chunks),
            (Opcode.ATTACHMENT_INDEX, ()),
            (Opcode.METADATA_INDEX, self._metadata),
        )
        for opcode, records in content:
            begin = summary.count
            for record in records:
                record.write(summary)
            groups.append(SummaryOffset(opcode, start + begin, summary.count - begin))
        offsets = start + summary.count
        for group in groups:
            group.write(summary)
        data = summary.end()
        self._stream.write(data)
        # The checksum is of the footer too, up to where it stands itself.
        head = struct.pack("<BQQQ", Opcode.FOOTER, 20, start, offsets)
        self._write(Footer(start, offsets, isal_zlib.crc32(head, isal_zlib.crc32(data))))
        self._stream.write(_MAGIC)

    def _write_chunk(self, chunk: _Chunk) -> None:
        pieces, size, name = chunk.pieces, chunk.size, ""
        if self._compression != "none":
            name = self._compression
            pieces = [_COMPRESSORS[name](b"".join(pieces))]
        packed = sum(map(len, pieces))
        start = self._stream.tell()
        head = struct.pack("<QQQI", chunk.start_ns, chunk.end_ns, size, chunk.crc)
        head += struct.pack("<I", len(name)) + name.encode() + struct.pack("<Q", packed)
        self._stream.write(struct.pack("<BQ", Opcode.CHUNK, len(head) + packed) + head)
        for piece in pieces:  # the stream's buffer joins small ones and lets large ones through
            self._stream.write(piece)
        indices = self._stream.tell()
        builder, places = RecordBuilder(), {}
        for channel, records in chunk.index.items():
            places[channel] = indices + builder.count
            MessageIndex(channel, records).write(builder)
        length = self._stream.write(builder.end())
        self._chunks.append(
            ChunkIndex(
                chunk_length=indices - start,
                chunk_start_offset=start,
                compression=name,
                compressed_size=packed,
                message_end_time=chunk.end_ns,
                message_index_length=length,
                message_index_offsets=places,
                message_start_time=chunk.start_ns,
                uncompressed_size=size,
            )
        )

    def _write(self, record: McapRecord) -> int:
        return self._stream.write(_bytes_of(record))


class _Chunk:
    """A chunk in the making: its content in pieces, and where its messages lie."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.size = self.crc = 0
        self.start_ns = self.end_ns = 0
        self.index: dict[int, list[tuple[int, int]]] = {}

    def add(self, piece: bytes) -> None:
        """Append content as it is."""
        self.pieces.append(piece)
        self.size += len(piece)
        self.crc = isal_zlib.crc32(piece, self.crc)

    def add_message(
        self, channel: int, log_ns: int, publish_ns: int, data: bytes, sequence: int
    ) -> None:
        """Append a message's record."""
        self.start_ns = min(self.start_ns, log_ns) if self.index else log_ns
        self.end_ns = max(self.end_ns, log_ns)
        self.index.setdefault(channel, []).append((log_ns, self.size))
        length = _MESSAGE.size - _RECORD_HEAD_BYTES + len(data)
        self.add(_MESSAGE.pack(Opcode.MESSAGE, length, channel, sequence, log_ns, publish_ns))
        self.add(data)


def _bytes_of(record: McapRecord) -> bytes:
    builder = RecordBuilder()
    record.write(builder)
    return builder.end()
