"""Messages of everything around the ego: objects, their markers, traffic lights."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from ...carla_client.actors.objects import Actor, ObjectState
    from ...carla_client.actors.signals import LightStop
    from ...core.frames import Matrix

_CLASSIFICATION = {
    "car": Object.CLASSIFICATION_CAR,
    "van": Object.CLASSIFICATION_CAR,
    "truck": Object.CLASSIFICATION_TRUCK,
    "bus": Object.CLASSIFICATION_OTHER_VEHICLE,
    "motorcycle": Object.CLASSIFICATION_MOTORCYCLE,
    "bicycle": Object.CLASSIFICATION_BIKE,
    "pedestrian": Object.CLASSIFICATION_PEDESTRIAN,
    "prop": Object.CLASSIFICATION_UNKNOWN,
}
_COLOURS = {
    "car": (0.2, 0.6, 1.0),
    "van": (0.2, 0.8, 0.8),
    "truck": (1.0, 0.6, 0.1),
    "bus": (1.0, 0.8, 0.1),
    "motorcycle": (0.8, 0.3, 1.0),
    "bicycle": (0.5, 1.0, 0.3),
    "pedestrian": (1.0, 0.3, 0.3),
    "prop": (0.8, 0.8, 0.8),
}
_CERTAIN = 255


def boxes_of(objects: Sequence[ObjectState]) -> list[BoundingBox3D]:
    """Return the box of each object in the map, which all messages of a frame share."""
    return [box_message(state.map_from_box, state.actor.size_m) for state in objects]


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
    objects: Sequence[ObjectState], boxes: Sequence[BoundingBox3D], stamp: int
) -> Detection3DArray:
    """Return the boxes of all objects in the map; ``id`` is the actor's."""
    head = header(stamp, "map")
    detections = [
        _detection(state.actor.label, str(state.actor.id), box, head)
        for state, box in zip(objects, boxes, strict=True)
    ]
    return Detection3DArray(header=head, detections=detections)


def states_message(
    objects: Sequence[ObjectState],
    boxes: Sequence[BoundingBox3D],
    ages: Mapping[int, int],
    stamp: int,
) -> ObjectArray:
    """Return the objects with velocity and acceleration in map axes.

    ``ages`` says for how many frames each actor has been there.
    """
    head = header(stamp, "map")
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
                    linear=vector_message(state.linear), angular=vector_message(state.angular)
                ),
                accel=Accel(linear=vector_message(state.acceleration)),
                shape=SolidPrimitive(
                    type=SolidPrimitive.BOX, dimensions=[float(v) for v in state.actor.size_m]
                ),
                classification=_CLASSIFICATION[state.actor.label],
                classification_certainty=_CERTAIN,
                classification_age=ages[state.actor.id],
            )
            for state, box in zip(objects, boxes, strict=True)
        ],
    )


def appearance_message(actors: Iterable[Actor]) -> String:
    """Return the appearance of actors, by id: blueprint and colour where they have one."""
    appearance = {str(a.id): {"blueprint": a.type_id, "colour": a.colour} for a in actors}
    return String(data=json.dumps(appearance))


def markers_message(
    objects: Sequence[ObjectState], boxes: Sequence[BoundingBox3D], stamp: int
) -> MarkerArray:
    """Return one cube an object for RViz; the first marker clears those of the frame before."""
    head = header(stamp, "map")
    markers = [Marker(header=head, ns="objects", action=Marker.DELETEALL)]
    for state, box in zip(objects, boxes, strict=True):
        red, green, blue = _COLOURS[state.actor.label]
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
    areas: Sequence[LightStop], boxes: Sequence[BoundingBox3D], stamp: int
) -> Detection3DArray:
    """Return the stop areas; class = what the light shows, id = OpenDRIVE signal/lane."""
    head = header(stamp, "map")
    detections = [
        _detection(area.state(), f"{area.signal_id}/{area.lane}", box, head)
        for area, box in zip(areas, boxes, strict=True)
    ]
    return Detection3DArray(header=head, detections=detections)


def speed_along_box(message: Detection3D, before: Detection3D | None, dt_s: float) -> float:
    """Return the speed (m/s) of a detection along its own axis from two frames ``dt_s`` apart."""
    if before is None:
        return 0.0
    now, then = message.bbox.center, before.bbox.center
    q = now.orientation
    yaw = math.atan2(2 * (q.w * q.z + q.x * q.y), 1 - 2 * (q.y * q.y + q.z * q.z))
    dx, dy = now.position.x - then.position.x, now.position.y - then.position.y
    return (dx * math.cos(yaw) + dy * math.sin(yaw)) / dt_s
