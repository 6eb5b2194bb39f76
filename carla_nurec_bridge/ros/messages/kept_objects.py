"""The messages of what is around the ego, changed in place from frame to frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...core.frames import Matrix, quaternion_from_rotation
from ...world.states import ActorState, TrafficLight
from .convert import stamp_message
from .interfaces import BoundingBox3D, Detection3DArray, Header, MarkerArray, ObjectArray
from .objects import boxes_of, lights_message, markers_message, objects_message, states_message


@dataclass(frozen=True)
class ObjectMessages:
    """What a frame tells of all actors; the three share the poses of their boxes."""

    objects: Detection3DArray
    states: ObjectArray
    markers: MarkerArray
    boxes: Sequence[BoundingBox3D]

    @property
    def headers(self) -> tuple[Header, ...]:
        """The headers that stand for all others: parts of a message share its own."""
        return self.objects.header, self.states.header, self.markers.markers[0].header


class KeptObjects:
    """Messages that are made anew only when others are there than in the frame before.

    Making them takes seven times as long as changing what moves. Whoever is given one must have
    sent it before the next frame asks.
    """

    def __init__(self) -> None:
        self._actors: Sequence[Any] = ()
        self._messages: ObjectMessages | None = None
        self._lights: Detection3DArray | None = None

    def of(
        self, actors: Sequence[ActorState], ages: Mapping[int, int], stamp_ns: int
    ) -> ObjectMessages:
        """Return the messages of all actors; ``ages`` are those of ``states_message``."""
        known = [(s.actor.id, s.actor.object_class, s.actor.size_m) for s in actors]
        kept = self._messages
        if kept is None or known != self._actors:
            boxes = boxes_of(actors)
            kept = self._messages = ObjectMessages(
                objects_message(actors, boxes, stamp_ns),
                states_message(actors, boxes, ages, stamp_ns),
                markers_message(actors, boxes, stamp_ns),
                boxes,
            )
            self._actors = known
            return kept
        for header in kept.headers:
            header.stamp = stamp_message(stamp_ns)
        for state, box, told in zip(actors, kept.boxes, kept.states.objects, strict=True):
            _place(box.center, state.map_from_box)
            _put(told.twist.linear, state.linear_map_mps)
            _put(told.twist.angular, state.angular_map_radps)
            _put(told.accel.linear, state.acceleration_map_mps2)
            told.classification_age = ages[state.actor.id]
        return kept

    def lights(
        self, lights: Sequence[TrafficLight], boxes: Sequence[BoundingBox3D], stamp_ns: int
    ) -> Detection3DArray:
        """Return the stop areas of lights, which are the same in every frame of an episode."""
        if self._lights is None:
            self._lights = lights_message(lights, boxes, stamp_ns)
            return self._lights
        self._lights.header.stamp = stamp_message(stamp_ns)
        for light, told in zip(lights, self._lights.detections, strict=True):
            told.results[0].hypothesis.class_id = light.shows
        return self._lights


def _place(pose: Any, a_from_b: Matrix) -> None:
    _put(pose.position, a_from_b[:3, 3])
    x, y, z, w = quaternion_from_rotation(a_from_b[:3, :3]).tolist()
    turned = pose.orientation
    turned.x, turned.y, turned.z, turned.w = x, y, z, w


def _put(message: Any, vector: Any) -> None:
    message.x, message.y, message.z = (float(v) for v in vector)
