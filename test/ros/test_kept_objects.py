"""Messages that are written in place say what those made anew say."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import BridgeError, ProtocolError
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.recording import canonical
from carla_nurec_bridge.ros.messages import kept_objects, objects
from carla_nurec_bridge.ros.messages.interfaces import serialized
from carla_nurec_bridge.ros.messages.kept_objects import KeptObjects
from carla_nurec_bridge.world.object_classes import ObjectClass
from carla_nurec_bridge.world.states import Actor, ActorState, TrafficLight

pytestmark = pytest.mark.ros

DETECTIONS = "vision_msgs/msg/Detection3DArray"
KINDS = DETECTIONS, "derived_object_msgs/msg/ObjectArray", "visualization_msgs/msg/MarkerArray"
NUMBERS = np.random.default_rng(3)


def moved(number: int) -> ActorState:
    kind = ObjectClass.CAR if number % 2 else ObjectClass.PEDESTRIAN
    pose = matrix_from_xyz_rpy(NUMBERS.normal(size=3), NUMBERS.normal(size=3))
    actor = Actor(number, "", kind, (4.0, 2.0, 1.0 + number))
    return ActorState(actor, pose, *NUMBERS.normal(size=(3, 3)))


def told(messages: Sequence[bytes]) -> list[bytes]:
    return [canonical(m, kind) for m, kind in zip(messages, KINDS, strict=True)]


def made(actors: Sequence[ActorState], ages: dict[int, int], stamp_ns: int) -> list[bytes]:
    boxes = objects.boxes_of(actors)
    return told(
        [
            serialized(objects.objects_message(actors, boxes, stamp_ns)),
            serialized(objects.states_message(actors, boxes, ages, stamp_ns)),
            serialized(objects.markers_message(actors, boxes, stamp_ns)),
        ]
    )


def test_what_moves_stands_where_it_is() -> None:
    kept = KeptObjects()
    # Others come, go, and change their order; then nobody is there.
    for frame, numbers in enumerate([(1, 2), (1, 2), (2, 1), (1, 2, 3), (1, 2, 3), (), (), (4,)]):
        actors = [moved(number) for number in numbers]
        ages = {number: frame + number for number in numbers}
        ours = kept.of(actors, ages, 10**9 * frame + 7)
        assert told([ours.objects.data, ours.states.data, ours.markers.data]) == made(
            actors, ages, 10**9 * frame + 7
        ), frame


def test_a_size_that_looks_like_a_mark_stays_what_it_is() -> None:
    kept = KeptObjects()
    words = np.array([kept_objects._FIRST_MARK, kept_objects._FIRST_MARK + 1], np.uint32)
    actor = replace(moved(1).actor, size_m=(float(words.view(np.float64)[0]), 2.0, 1.0))
    for stamp_ns in (5, 6):
        actors = [replace(moved(1), actor=actor)]
        ours = kept.of(actors, {1: 3}, stamp_ns)
        theirs = made(actors, {1: 3}, stamp_ns)
        assert told([ours.objects.data, ours.states.data, ours.markers.data]) == theirs


def padding_of(message: bytes, kind: str) -> list[int]:
    """Return the places of bytes that say nothing."""
    said = canonical(message, kind)

    def says_the_same(place: int, value: int) -> bool:
        other = bytearray(message)
        other[place] = value
        with suppress(BridgeError):
            return canonical(bytes(other), kind) == said
        return False

    return [
        place
        for place in range(4, len(message))
        if says_the_same(place, 0xFF) and says_the_same(place, 0)
    ]


@pytest.mark.parametrize("first", [0x5A5A0000, 0x5A5A0000 ^ 0x01010101])
@pytest.mark.parametrize("since", [0, 3])
def test_padding_may_hold_what_it_held(
    monkeypatch: pytest.MonkeyPatch, first: int, since: int
) -> None:
    """It is memory of before: [end of a text, padding] may look like a mark."""
    mark = first.to_bytes(4, "little")
    asked, filled = [], []

    def with_old_marks(message: Any) -> bytes:
        data = bytearray(serialized(message))
        asked.append(message)
        if len(asked) <= since:
            return bytes(data)
        kind = next(kind for kind in KINDS if kind.endswith("/" + type(message).__name__))
        for place in padding_of(bytes(data), kind):
            data[place] = mark[place % 4]
            filled.append(place)
        return bytes(data)

    monkeypatch.setattr(kept_objects, "serialized", with_old_marks)
    actors = [moved(number) for number in (1, 2)]
    ages = {1: 5, 2: 6}
    ours = KeptObjects().of(actors, ages, 9)
    assert told([ours.objects.data, ours.states.data, ours.markers.data]) == made(actors, ages, 9)
    assert filled


def test_messages_are_made_anew_only_when_others_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    made_anew = []
    monkeypatch.setattr(
        kept_objects, "boxes_of", lambda actors: made_anew.append(1) or objects.boxes_of(actors)
    )
    kept = KeptObjects()
    for numbers, times in (((1,), 1), ((1,), 1), ((2,), 2), ((2, 1), 3), ((2, 1), 3)):
        kept.of([moved(number) for number in numbers], dict.fromkeys(numbers, 1), 5)
        assert len(made_anew) == times


def test_what_was_told_stays_as_it_was() -> None:
    kept = KeptObjects()
    first = kept.of([moved(1)], {1: 1}, 5).states
    before = bytes(first.data)
    kept.of([moved(1)], {1: 2}, 6)
    assert first.data == before


def test_a_middleware_that_writes_otherwise_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_objects, "serialized", lambda message: serialized(message)[::-1])
    with pytest.raises(ProtocolError, match="changing words of a message are not found"):
        KeptObjects().of([moved(1)], {1: 1}, 5)


def test_lights_show_what_they_show() -> None:
    kept = KeptObjects()
    place = matrix_from_xyz_rpy((1.0, 2.0, 0.0), (0.0, 0.0, 1.0))
    for stamp_ns, shown in (
        (5, ("red", "green")),
        (6, ("green", "red")),
        (7, ("off", "yellow")),
        (8, ("off", "yellow")),
    ):
        lights = [
            TrafficLight(str(i), "-1", place, (3.0, 3.0, 1.0), s) for i, s in enumerate(shown)
        ]  # type: ignore[arg-type]
        boxes = [objects.box_message(light.map_from_area, light.size_m) for light in lights]
        ours = kept.lights(lights, boxes, stamp_ns).data
        theirs = serialized(objects.lights_message(lights, boxes, stamp_ns))
        assert canonical(ours, DETECTIONS) == canonical(theirs, DETECTIONS)
