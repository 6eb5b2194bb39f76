"""What lies between the fields of messages is found without decoding them."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from rosbags.interfaces import Nodetype

from carla_nurec_bridge.core.errors import ProtocolError
from carla_nurec_bridge.recording import serialized
from carla_nurec_bridge.recording.serialized import Canonicaliser, layout_of
from carla_nurec_bridge.recording.types import canonical, store_of

TYPES = (
    "std_msgs/msg/String",
    "sensor_msgs/msg/Imu",
    "sensor_msgs/msg/CameraInfo",
    "sensor_msgs/msg/PointCloud2",
    "sensor_msgs/msg/JointState",
    "diagnostic_msgs/msg/DiagnosticArray",
    "visualization_msgs/msg/Marker",
    "tf2_msgs/msg/TFMessage",
    "nav_msgs/msg/Path",
)


def a_message(name: str, seed: int) -> bytes:
    """Return a message of a type with random content, as rosbags writes it."""
    dice, store = random.Random(seed), store_of(name)

    def value(kind: Nodetype, of: Any) -> Any:
        if kind == Nodetype.NAME:
            return store.types[of](*(value(*what) for _, what in store.fielddefs[of][1]))
        if kind == Nodetype.BASE:
            if of[0] == "string":
                return "abcdefgh"[: dice.randrange(8)]
            return True if of[0] == "bool" else dice.randrange(100)
        (inner, what), count = of
        count = count if kind == Nodetype.ARRAY else dice.randrange(4)
        if inner == Nodetype.BASE and what[0] != "string":
            return np.array([dice.randrange(100) for _ in range(count)], what[0])
        return [value(inner, what) for _ in range(count)]

    return bytes(store.serialize_cdr(value(Nodetype.NAME, name), name))


def without_meaning(data: bytes, name: str) -> list[int]:
    """Return the bytes that decoding and encoding does not look at, found by changing each."""
    found = []
    for at in range(4, len(data)):
        other = bytearray(data)
        other[at] = 65 if data[at] == 0 else 0
        try:
            if canonical(bytes(other), name) == data:
                found.append(at)
        except ProtocolError:
            continue
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", TYPES)
def test_gaps_are_the_bytes_that_mean_nothing(name: str, seed: int) -> None:
    data = a_message(name, seed)
    layout = layout_of(data, name)
    assert layout is not None
    assert layout.size == len(data)
    assert sorted(layout.gaps) == without_meaning(data, name)


@pytest.mark.parametrize("name", TYPES)
def test_a_message_of_a_known_layout_is_not_decoded(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, clean = a_message(name, 1), Canonicaliser(name)
    dirty = bytearray(data)
    for at in layout_of(data, name).gaps:
        dirty[at] = 0xFF
    assert [clean(bytes(dirty)) for _ in range(2)] == [data, data]
    monkeypatch.setattr(serialized, "canonical", None)  # from here on a call of it is an error
    assert clean(bytes(dirty)) == data
    assert clean(data) is data


@pytest.mark.parametrize("name", TYPES)
def test_what_comes_is_as_if_it_were_decoded(name: str) -> None:
    clean = Canonicaliser(name)
    for seed in range(60):
        data = a_message(name, seed)
        assert clean(data) == canonical(data, name)


def an_image(pixels: bytes, frame_id: str = "front") -> bytes:
    """Return a message that ends in bytes."""
    name = "sensor_msgs/msg/CompressedImage"
    types = store_of(name).types
    stamp = types["builtin_interfaces/msg/Time"](1, 2)
    header = types["std_msgs/msg/Header"](stamp, frame_id)
    return bytes(
        store_of(name).serialize_cdr(
            types[name](header, "jpeg", np.frombuffer(pixels, np.uint8)), name
        )
    )


def test_other_bytes_at_the_end_need_no_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "sensor_msgs/msg/CompressedImage"
    clean = Canonicaliser(name)
    gaps = layout_of(an_image(b"12345"), name).gaps
    assert len(gaps), "between the texts and what follows them"
    assert clean(an_image(b"12345")) == an_image(b"12345")
    monkeypatch.setattr(serialized, "canonical", None)  # from here on a call of it is an error
    for count in (*range(12), 100_001):
        data = an_image(b"\xff" * count)
        dirty = bytearray(data)
        for at in gaps:
            dirty[at] = 0xFF
        for padding in range(4):
            assert clean(bytes(dirty) + bytes(padding)) == data


def test_other_bytes_at_the_end_do_not_hide_what_is_wrong() -> None:
    name = "sensor_msgs/msg/CompressedImage"
    clean = Canonicaliser(name)
    assert clean(an_image(b"12345")) == an_image(b"12345")
    longer = an_image(b"1234567", "rear camera")  # elsewhere as well
    assert clean(longer) == longer
    for broken in (an_image(b"123456")[:-1], an_image(b"123456") + bytes(4), b"\0\1\0\0\1\0\0\0"):
        with pytest.raises(ProtocolError, match="CompressedImage"):
            clean(broken)


def test_a_truth_value_after_the_bytes_is_found_where_they_end() -> None:
    name = "sensor_msgs/msg/PointCloud2"
    clean = Canonicaliser(name)
    types = store_of(name).types
    for count in (5, 6, 1003):
        header = types["std_msgs/msg/Header"](types["builtin_interfaces/msg/Time"](1, 2), "lidar")
        points = types[name](header, 1, 1, [], False, 1, 1, np.zeros(count, np.uint8), True)
        data = bytes(store_of(name).serialize_cdr(points, name))
        assert clean(data) == data
        other = data[:-1] + b"\7"
        assert clean(other) == canonical(other, name) == data


def test_content_that_is_not_plain_is_left_to_decoding() -> None:
    name = "sensor_msgs/msg/JointState"
    clean = Canonicaliser(name)
    data = a_message(name, 4)
    layout = layout_of(data, name)
    assert [clean(data) for _ in range(2)] == [data, data]
    broken = bytearray(data)
    broken[layout.limited[0]] = 0xFF
    with pytest.raises(ProtocolError, match="JointState"):
        clean(bytes(broken))
    with pytest.raises(ProtocolError, match="JointState"):
        clean(b"\0\1\0\0" + bytes(len(data) - 4)[:-9])


def test_a_truth_value_becomes_one_as_by_decoding() -> None:
    name = "sensor_msgs/msg/PointCloud2"
    clean = Canonicaliser(name)
    data = a_message(name, 2)
    assert [clean(data) for _ in range(2)] == [data, data]
    other = data[:-1] + b"\7"  # is_dense
    assert clean(other) == canonical(other, name)
