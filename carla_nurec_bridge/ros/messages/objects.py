"""Messages of everything around the ego: objects, their markers, traffic lights."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from ...core.frames import Matrix
from ...world.object_classes import ObjectClass
from ...world.states import Actor, ActorState, TrafficLight
from .convert import header, pose_message, vector_message
from .interfaces import (
    Accel,
    BoundingBox3D,
    ColorRGBA,
    Detection3D,
    Detection3DArray,
    Header,
    Marker,
    MarkerArray,
    Object,
    ObjectArray,
    ObjectHypothesis,
    ObjectHypothesisWithPose,
    PoseWithCovariance,
    SolidPrimitive,
    String,
    Twist,
)

_CLASSIFICATION = {
    ObjectClass.CAR: Object.CLASSIFICATION_CAR,
    ObjectClass.VAN: Object.CLASSIFICATION_CAR,
    ObjectClass.TRUCK: Object.CLASSIFICATION_TRUCK,
    ObjectClass.BUS: Object.CLASSIFICATION_OTHER_VEHICLE,
    ObjectClass.MOTORCYCLE: Object.CLASSIFICATION_MOTORCYCLE,
    ObjectClass.BICYCLE: Object.CLASSIFICATION_BIKE,
    ObjectClass.PEDESTRIAN: Object.CLASSIFICATION_PEDESTRIAN,
    ObjectClass.PROP: Object.CLASSIFICATION_UNKNOWN,
    ObjectClass.TRAFFIC_LIGHT: Object.CLASSIFICATION_SIGN,
    ObjectClass.TRAFFIC_SIGN: Object.CLASSIFICATION_SIGN,
    ObjectClass.OTHER: Object.CLASSIFICATION_UNKNOWN,
}
_COLOURS = {
    ObjectClass.CAR: (0.2, 0.6, 1.0),
    ObjectClass.VAN: (0.2, 0.8, 0.8),
    ObjectClass.TRUCK: (1.0, 0.6, 0.1),
    ObjectClass.BUS: (1.0, 0.8, 0.1),
    ObjectClass.MOTORCYCLE: (0.8, 0.3, 1.0),
    ObjectClass.BICYCLE: (0.5, 1.0, 0.3),
    ObjectClass.PEDESTRIAN: (1.0, 0.3, 0.3),
    ObjectClass.PROP: (0.8, 0.8, 0.8),
    ObjectClass.TRAFFIC_LIGHT: (0.9, 0.9, 0.2),
    ObjectClass.TRAFFIC_SIGN: (0.9, 0.9, 0.2),
    ObjectClass.OTHER: (0.8, 0.8, 0.8),
}
_CERTAIN = 255


def boxes_of(actors: Sequence[ActorState]) -> list[BoundingBox3D]:
    """Return the box of each object in the map, which all messages of a frame share."""
    return [box_message(state.map_from_box, state.actor.size_m) for state in actors]


def box_message(map_from_box: Matrix, size_m: Sequence[float]) -> BoundingBox3D:
    """Return a box in the map: the pose of its centre, and its sides."""
    return BoundingBox3D(center=pose_message(map_from_box), size=vector_message(size_m))


def _detection(class_id: str, identity: str, box: BoundingBox3D, head: Header) -> Detection3D:
    hypothesis = ObjectHypothesisWithPose(
        hypothesis=ObjectHypothesis(class_id=class_id, score=1.0),
        pose=PoseWithCovariance(pose=box.center),
    )
    return Detection3D(header=head, results=[hypothesis], bbox=box, id=identity)


def objects_message(
    actors: Sequence[ActorState], boxes: Sequence[BoundingBox3D], stamp_ns: int
) -> Detection3DArray:
    """Return the boxes of all objects in the map; ``id`` is the actor's."""
    head = header(stamp_ns, "map")
    detections = [
        _detection(state.actor.object_class.value, str(state.actor.id), box, head)
        for state, box in zip(actors, boxes, strict=True)
    ]
    return Detection3DArray(header=head, detections=detections)


def states_message(
    actors: Sequence[ActorState],
    boxes: Sequence[BoundingBox3D],
    ages: Mapping[int, int],
    stamp_ns: int,
) -> ObjectArray:
    """Return the objects with velocity and acceleration in map axes.

    ``ages`` says for how many frames each actor has been there.
    """
    head = header(stamp_ns, "map")
    return ObjectArray(
        header=head,
        objects=[
            Object(
                header=head,
                id=state.actor.id,
                detection_level=Object.OBJECT_TRACKED,
                object_classified=True,
                pose=box.center,
                twist=Twist(
                    linear=vector_message(state.linear_map_mps),
                    angular=vector_message(state.angular_map_radps),
                ),
                accel=Accel(linear=vector_message(state.acceleration_map_mps2)),
                shape=SolidPrimitive(
                    type=SolidPrimitive.BOX, dimensions=[float(v) for v in state.actor.size_m]
                ),
                classification=_CLASSIFICATION[state.actor.object_class],
                classification_certainty=_CERTAIN,
                classification_age=ages[state.actor.id],
            )
            for state, box in zip(actors, boxes, strict=True)
        ],
    )


def appearance_message(actors: Iterable[Actor]) -> String:
    """Return the appearance of actors, by id: blueprint and colour where they have one."""
    told = {str(a.id): asdict(a.appearance) for a in actors if a.appearance is not None}
    return String(data=json.dumps(told))


def markers_message(
    actors: Sequence[ActorState], boxes: Sequence[BoundingBox3D], stamp_ns: int
) -> MarkerArray:
    """Return one cube an object for RViz; the first marker clears those of the frame before."""
    head = header(stamp_ns, "map")
    markers = [Marker(header=head, ns="objects", action=Marker.DELETEALL)]
    for state, box in zip(actors, boxes, strict=True):
        red, green, blue = _COLOURS[state.actor.object_class]
        markers.append(
            Marker(
                header=head,
                ns="objects",
                id=state.actor.id,
                type=Marker.CUBE,
                action=Marker.ADD,
                pose=box.center,
                scale=box.size,
                color=ColorRGBA(r=red, g=green, b=blue, a=0.6),
            )
        )
    return MarkerArray(markers=markers)


def lights_message(
    lights: Sequence[TrafficLight], boxes: Sequence[BoundingBox3D], stamp_ns: int
) -> Detection3DArray:
    """Return the stop areas; class = what the light shows, id = OpenDRIVE signal/lane."""
    head = header(stamp_ns, "map")
    detections = [
        _detection(light.shows, f"{light.signal_id}/{light.lane}", box, head)
        for light, box in zip(lights, boxes, strict=True)
    ]
    return Detection3DArray(header=head, detections=detections)
