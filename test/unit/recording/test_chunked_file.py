"""An MCAP file as MCAP's own writer makes it, without its copies."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import pytest
from mcap.reader import make_reader
from mcap.writer import CompressionType, Writer

from carla_nurec_bridge.recording.chunked_file import ChunkedFile, Compression

KINDS: dict[Compression, CompressionType] = {
    "none": CompressionType.NONE,
    "lz4": CompressionType.LZ4,
    "zstd": CompressionType.ZSTD,
}
# (channel, log time, publish time, data): in no order of time, small and larger than any buffer,
# an empty one, and a channel that has nothing in the second chunk.
CHUNKS = (
    ((1, 50, 49, b"one"), (2, 20, 20, os.urandom(300_000)), (1, 60, 61, b"")),
    ((2, 10, 10, b"x" * 70_000), (2, 10, 11, b"same stamp")),
)


class Theirs:
    """MCAP's own writer, by the names of ours."""

    def __init__(self, stream: BinaryIO, compression: Compression, library: str) -> None:
        self._writer = Writer(stream, chunk_size=1 << 62, compression=KINDS[compression])
        self._writer.start(profile="ros2", library=library)
        self.add_metadata = self._writer.add_metadata
        self.add_schema = self._writer.register_schema
        self.end_chunk = self._writer.flush
        self.finish = self._writer.finish

    def add_channel(self, topic: str, encoding: str, schema: int, more: dict[str, str]) -> None:
        self._writer.register_channel(topic, encoding, schema, more)

    def add_message(self, channel: int, log: int, publish: int, data: bytes, count: int) -> None:
        self._writer.add_message(channel, log, data, publish, count)


def written(writer: type[ChunkedFile | Theirs], path: Path, compression: Compression) -> bytes:
    with path.open("wb") as stream:
        file = writer(stream, compression, "a test")
        file.add_metadata("plan", {"dt_ns": "5", "é": "ü"})
        schema = file.add_schema("a/msg/A", "ros2msg", b"int32 x")
        for topic in ("/a", "/b"):
            file.add_channel(topic, "cdr", schema, {"qos": "none"})
        count = 0
        for chunk in CHUNKS:
            for channel, log, publish, data in chunk:
                file.add_message(channel, log, publish, data, count)
                count += 1
            file.end_chunk()
        file.add_channel("/silent", "cdr", schema, {})
        file.add_metadata("rosbag2", {})
        file.finish()
    return path.read_bytes()


@pytest.mark.parametrize("compression", KINDS)
def test_its_bytes_are_those_of_mcaps_writer(tmp_path: Path, compression: Compression) -> None:
    ours = written(ChunkedFile, tmp_path / "ours.mcap", compression)
    assert ours == written(Theirs, tmp_path / "theirs.mcap", compression)


def test_a_file_without_messages_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "empty.mcap"
    with path.open("wb") as stream:
        ChunkedFile(stream, "none", "a test").finish()
    with path.open("rb") as stream:
        summary = make_reader(stream, validate_crcs=True).get_summary()
    assert summary is not None
    assert summary.statistics is not None
    assert summary.statistics.message_count == 0
