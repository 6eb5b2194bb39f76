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
    data, clean = a_message(name, 1), Canonicaliser()
    dirty = bytearray(data)
    for at in layout_of(data, name).gaps:
        dirty[at] = 0xFF
    assert [clean(bytes(dirty), name) for _ in range(2)] == [data, data]
    monkeypatch.setattr(serialized, "canonical", None)  # from here on a call of it is an error
    assert clean(bytes(dirty), name) == data
    assert clean(data, name) is data
    assert clean(bytes(dirty) + b"", name) == data


def test_what_comes_once_is_decoded() -> None:
    clean = Canonicaliser()
    for seed in range(30):
        for name in TYPES:
            data = a_message(name, seed)
            assert clean(data, name) == canonical(data, name)


def test_content_that_is_not_plain_is_left_to_decoding() -> None:
    clean, name = Canonicaliser(), "sensor_msgs/msg/JointState"
    data = a_message(name, 4)
    layout = layout_of(data, name)
    assert [clean(data, name) for _ in range(2)] == [data, data]
    broken = bytearray(data)
    broken[layout.limited[0]] = 0xFF
    with pytest.raises(ProtocolError, match="JointState"):
        clean(bytes(broken), name)
    with pytest.raises(ProtocolError, match="JointState"):
        clean(b"\0\1\0\0" + bytes(len(data) - 4)[:-9], name)


def test_a_truth_value_becomes_one_as_by_decoding() -> None:
    clean, name = Canonicaliser(), "sensor_msgs/msg/PointCloud2"
    data = a_message(name, 2)
    assert [clean(data, name) for _ in range(2)] == [data, data]
    other = data[:-1] + b"\7"  # is_dense
    assert clean(other, name) == canonical(other, name)
