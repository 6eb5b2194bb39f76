"""An MCAP file as MCAP's own writer makes it, without its copies."""

from __future__ import annotations

import io
import os
from pathlib import Path

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


def theirs(compression: Compression) -> bytes:
    stream = io.BytesIO()
    writer = Writer(stream, chunk_size=1 << 62, compression=KINDS[compression])
    writer.start(profile="ros2", library="a test")
    writer.add_metadata("plan", {"dt_ns": "5", "é": "ü"})
    schema = writer.register_schema("a/msg/A", "ros2msg", b"int32 x")
    for topic in ("/a", "/b"):
        writer.register_channel(topic, "cdr", schema, {"qos": "none"})
    count = 0
    for chunk in CHUNKS:
        for channel, log, publish, data in chunk:
            writer.add_message(channel, log, data, publish, count)
            count += 1
        writer.flush()
    writer.register_channel("/silent", "cdr", schema, {})
    writer.add_metadata("rosbag2", {})
    writer.finish()
    return stream.getvalue()


def ours(path: Path, compression: Compression) -> bytes:
    with path.open("wb") as stream:
        file = ChunkedFile(stream, compression, "a test")
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
    assert ours(tmp_path / "ours.mcap", compression) == theirs(compression)


def test_a_file_without_messages_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "empty.mcap"
    with path.open("wb") as stream:
        ChunkedFile(stream, "none", "a test").finish()
    with path.open("rb") as stream:
        summary = make_reader(stream, validate_crcs=True).get_summary()
    assert summary is not None
    assert summary.statistics is not None
    assert summary.statistics.message_count == 0
