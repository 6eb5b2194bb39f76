"""Messages that are changed in place say what those made anew say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.recording import canonical
from carla_nurec_bridge.ros.messages import objects
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


def told(messages: Sequence[object]) -> list[bytes]:
    return [canonical(serialized(m), kind) for m, kind in zip(messages, KINDS, strict=True)]


def made(actors: Sequence[ActorState], ages: dict[int, int], stamp_ns: int) -> list[bytes]:
    boxes = objects.boxes_of(actors)
    return told(
        [
            objects.objects_message(actors, boxes, stamp_ns),
            objects.states_message(actors, boxes, ages, stamp_ns),
            objects.markers_message(actors, boxes, stamp_ns),
        ]
    )


def test_what_moves_stands_where_it_is() -> None:
    kept = KeptObjects()
    # Others come, go, and change their order; then nobody is there.
    for frame, numbers in enumerate([(1, 2), (1, 2), (2, 1), (1, 2, 3), (1, 2, 3), (), (), (4,)]):
        actors = [moved(number) for number in numbers]
        ages = {number: frame + number for number in numbers}
        ours = kept.of(actors, ages, 10**9 * frame + 7)
        assert told([ours.objects, ours.states, ours.markers]) == made(
            actors, ages, 10**9 * frame + 7
        ), frame


def test_messages_are_the_same_ones_while_the_same_are_there() -> None:
    kept = KeptObjects()
    first = kept.of([moved(1)], {1: 1}, 5)
    assert kept.of([moved(1)], {1: 2}, 6) is first
    assert kept.of([moved(2)], {2: 1}, 7) is not first


def test_lights_show_what_they_show() -> None:
    kept = KeptObjects()
    place = matrix_from_xyz_rpy((1.0, 2.0, 0.0), (0.0, 0.0, 1.0))
    for stamp_ns, shown in ((5, ("red", "green")), (6, ("green", "red")), (7, ("off", "yellow"))):
        lights = [
            TrafficLight(str(i), "-1", place, (3.0, 3.0, 1.0), s) for i, s in enumerate(shown)
        ]  # type: ignore[arg-type]
        boxes = [objects.box_message(light.map_from_area, light.size_m) for light in lights]
        ours = serialized(kept.lights(lights, boxes, stamp_ns))
        theirs = serialized(objects.lights_message(lights, boxes, stamp_ns))
        assert canonical(ours, DETECTIONS) == canonical(theirs, DETECTIONS)
