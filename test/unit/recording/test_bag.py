"""Bags that other programs can read, and that say what their topics are."""

from __future__ import annotations

import errno
import json
import sys
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
import yaml
from mcap.reader import make_reader
from rosbags.highlevel import AnyReader
from rosbags.interfaces import QosDurability, QosReliability

from carla_nurec_bridge.core.errors import InputError, ProtocolError, RunError
from carla_nurec_bridge.recording import (
    BagOptions,
    BagReader,
    BagWriter,
    OfferedQos,
    bag,
    canonical,
    message_type,
)
from carla_nurec_bridge.recording.types import store_of

STRING = "std_msgs/msg/String"
LATCHED = OfferedQos(depth=1, durability="transient_local")
LOSSY = OfferedQos(depth=5, reliability="best_effort")


def string(text: str) -> bytes:
    store = store_of(STRING)
    return bytes(store.serialize_cdr(store.types[STRING](data=text), STRING))


def write(directory: Path, options: BagOptions, count: int = 20) -> None:
    with BagWriter(directory, options, {"dt_ns": 5, "streams": []}) as bag:
        latched = bag.add_stream("/map", STRING, (LATCHED,))
        lossy = bag.add_stream("/words", STRING, (LOSSY,))
        bag.write(latched, 100, string("a map"))
        for i in range(count):
            bag.write(lossy, 100 + i, string("x" * i))


@pytest.mark.parametrize("version", [5, 9])
@pytest.mark.parametrize("compression", ["none", "lz4", "zstd"])
def test_other_readers_find_everything(tmp_path: Path, version: int, compression: str) -> None:
    options = BagOptions(metadata_version=version, chunk_bytes=200, compression=compression)
    write(tmp_path / "bag", options)
    with AnyReader([tmp_path / "bag"]) as reader:
        by_topic = {c.topic: c for c in reader.connections}
        words = [
            reader.deserialize(raw, STRING).data
            for c, _, raw in reader.messages()
            if c.topic == "/words"
        ]
        stamps = [stamp for _, stamp, _ in reader.messages()]
    assert words == ["x" * i for i in range(20)]
    assert stamps == sorted(stamps)
    assert by_topic["/map"].ext.offered_qos_profiles[0].durability == QosDurability.TRANSIENT_LOCAL
    profile = by_topic["/words"].ext.offered_qos_profiles[0]
    assert profile.reliability == QosReliability.BEST_EFFORT
    assert profile.depth == 5
    with (tmp_path / "bag/bag_0.mcap").open("rb") as stream:
        reader = make_reader(stream, validate_crcs=True)
        schema, channel, _ = next(iter(reader.iter_messages()))
    assert (schema.name, schema.encoding, channel.message_encoding) == (STRING, "ros2msg", "cdr")


def test_metadata_of_humble_and_of_jazzy(tmp_path: Path) -> None:
    for version in (5, 9):
        write(tmp_path / f"v{version}", BagOptions(metadata_version=version))
    old, new = (
        yaml.safe_load((tmp_path / f"v{v}/metadata.yaml").read_text())[
            "rosbag2_bagfile_information"
        ]
        for v in (5, 9)
    )
    # Humble's reader knows neither hashes nor lists of profiles; its policies are numbers.
    topic = old["topics_with_message_count"][0]["topic_metadata"]
    assert set(topic) == {"name", "type", "serialization_format", "offered_qos_profiles"}
    assert yaml.safe_load(topic["offered_qos_profiles"])[0]["durability"] == 1
    assert "custom_data" not in old
    topic = new["topics_with_message_count"][0]["topic_metadata"]
    assert topic["offered_qos_profiles"][0]["durability"] == "transient_local"
    assert topic["type_description_hash"] == message_type(STRING).digest
    for information in (old, new):
        assert information["message_count"] == 21
        assert information["duration"] == {"nanoseconds": 19}
        assert information["relative_file_paths"][0].endswith("_0.mcap")


def test_every_installed_type_has_the_hash_of_its_type_description() -> None:
    described = Path(sys.prefix) / "share"
    checked = 0
    for path in sorted(described.glob("*_msgs/msg/*.json")):
        name = f"{path.parents[1].name}/msg/{path.stem}"
        if name in ("service_msgs/msg/ServiceEventInfo", "std_msgs/msg/Char"):
            continue  # rosbags takes char for uint8; no topic of ours has one
        hashes = {
            h["type_name"]: h["hash_string"] for h in json.loads(path.read_text())["type_hashes"]
        }
        assert message_type(name).digest == hashes[name], name
        checked += 1
    if checked == 0:
        pytest.skip("no ROS interfaces are installed here")


def test_published_hashes() -> None:
    known = {
        "tf2_msgs/msg/TFMessage": (
            "e369d0f05a23ae52508854b66f6aa0437f3449d652e8cbf22d5abe85d020f087"
        ),
        "ackermann_msgs/msg/AckermannDriveStamped": (
            "48ca7612a08d3bb72744fd98b71b7cf2ea24c6ad50fa4e1aa0bbad963c90d8cf"
        ),
        "vision_msgs/msg/Detection3DArray": (
            "793f5eab9595ac1c0da07873cc859db42eae51f0ee76056db8562515d830e018"
        ),
    }
    for name, digest in known.items():
        assert message_type(name).digest == f"RIHS01_{digest}"


def test_alignment_bytes_are_zeroed_and_nothing_else() -> None:
    store = store_of("sensor_msgs/msg/RegionOfInterest")
    region = store.types["sensor_msgs/msg/RegionOfInterest"](1, 2, 3, 4, True)
    clean = bytes(store.serialize_cdr(region, "sensor_msgs/msg/RegionOfInterest"))
    name = "std_msgs/msg/UInt8MultiArray"
    layout = store_of(name)
    array = layout.types[name](
        layout.types["std_msgs/msg/MultiArrayLayout"](
            [layout.types["std_msgs/msg/MultiArrayDimension"]("ab", 7, 8)], 9
        ),
        np.frombuffer(b"xyz", np.uint8),
    )
    raw = bytearray(layout.serialize_cdr(array, name))
    clean_array = bytes(raw)
    # CDR: count 1, string length 3 + "ab\0" leaves one byte before the next uint32.
    assert raw[4 + 4 + 4 : 4 + 4 + 8] == b"ab\0\0"
    raw[4 + 4 + 7] = 0xEE
    assert canonical(bytes(raw), name) == clean_array
    assert canonical(clean, "sensor_msgs/msg/RegionOfInterest") == clean


def test_bytes_of_another_type_are_refused() -> None:
    with pytest.raises(ProtocolError):
        canonical(string("hello")[:7], STRING)
    with pytest.raises(ProtocolError):
        canonical(string("a" * 100), "builtin_interfaces/msg/Time")


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="metadata_version 4"):
        BagWriter(tmp_path / "old", BagOptions(metadata_version=4))
    (tmp_path / "there").mkdir()
    with pytest.raises(InputError, match="exists already"):
        BagWriter(tmp_path / "there", BagOptions())
    with pytest.raises(InputError, match="nothing on this machine defines"):
        message_type("nobody_msgs/msg/Nothing")
    with pytest.raises(InputError, match="PACKAGE/msg/TYPE"):
        message_type("std_msgs/String")


def test_a_head_that_finds_no_place_leaves_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[BinaryIO] = []

    def full(stream: BinaryIO, *_: object) -> None:
        opened.append(stream)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(bag, "ChunkedFile", full)
    with pytest.raises(RunError, match=r"cannot write .*bag_0\.mcap: No space left on device"):
        BagWriter(tmp_path / "bag", BagOptions())
    assert opened[0].closed
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(RunError, match=r"cannot write .*: Not a directory"):
        BagWriter(tmp_path / "file" / "bag", BagOptions())


def test_an_old_chunk_is_closed_by_time(tmp_path: Path) -> None:
    with BagWriter(tmp_path / "bag", BagOptions(flush_s=0.0)) as bag:
        channel = bag.add_stream("/words", STRING, ())
        before = bag.path.stat().st_size
        bag.write(channel, 1, string("y" * 500))
        bag.flush_if_due()
        assert bag.path.stat().st_size > before + 500


def test_the_reader_names_a_cut_bag(tmp_path: Path) -> None:
    write(tmp_path / "bag", BagOptions())
    file = tmp_path / "bag/bag_0.mcap"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(InputError, match="bag recover"):
        BagReader(tmp_path / "bag")
