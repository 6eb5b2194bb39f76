"""Values of a moment out of the messages that tell them, read from a bag or just arrived."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from ...core.errors import ProtocolError
from ...core.frames import Matrix, matrix_from_quaternion
from ...world.object_classes import ObjectClass
from ...world.states import (
    Actor,
    ActorState,
    Appearance,
    EgoBox,
    EgoState,
    LightColour,
    Size,
    TrafficLight,
    Vector,
)

_NONE: Mapping[int, Appearance] = MappingProxyType({})
_UNTOLD = np.full(3, np.nan)
_COLOURS: dict[str, LightColour] = {"red": "red", "yellow": "yellow", "green": "green"}


def pose_matrix(pose: Any) -> Matrix:
    """Return the (4, 4) matrix of a geometry_msgs Pose."""
    p, q = pose.position, pose.orientation
    return matrix_from_quaternion((p.x, p.y, p.z), (q.x, q.y, q.z, q.w))


def transform_matrix(transform: Any) -> Matrix:
    """Return the (4, 4) matrix of a geometry_msgs Transform."""
    t, q = transform.translation, transform.rotation
    return matrix_from_quaternion((t.x, t.y, t.z), (q.x, q.y, q.z, q.w))


def true_odometry(messages: Mapping[str, Any]) -> Any:
    """Return the odometry of a frame's messages that is true: odometry itself may be an estimate.

    ``messages`` are by the keys of the table of topics.
    """
    return messages.get("ground_truth") or messages["odometry"]


def ego_state(odometry: Any, body: EgoBox | None) -> EgoState:
    """Return the ego of a nav_msgs Odometry; its acceleration, which that does not tell, is nan."""
    twist = odometry.twist.twist
    linear_base_mps, angular_base_radps = _vector(twist.linear), _vector(twist.angular)
    pose = pose_matrix(odometry.pose.pose)
    return EgoState(pose, linear_base_mps, angular_base_radps, _UNTOLD, body)


def actors_of(
    objects: Any, appearances: Mapping[int, Appearance] = _NONE
) -> tuple[ActorState, ...]:
    """Return the actors of ``objects``; velocities, which that does not tell, are nan.

    ``appearances`` are those of ``objects/appearance``. ProtocolError for an id that is no number,
    as CARLA's are.
    """
    return tuple(_actor_state(detection, appearances) for detection in objects.detections)


def appearances_of(message: Any) -> dict[int, Appearance]:
    """Return what actors look like, by id, from ``objects/appearance``."""
    found = {}
    for name, told in json.loads(message.data).items():
        colour = told["colour"]
        found[int(name)] = Appearance(str(told["blueprint"]), tuple(colour) if colour else None)
    return found


def lights_of(traffic_lights: Any) -> tuple[TrafficLight, ...]:
    """Return the traffic lights of ``traffic_lights``."""
    return tuple(_light(detection) for detection in traffic_lights.detections)


def _actor_state(detection: Any, appearances: Mapping[int, Appearance]) -> ActorState:
    name = str(detection.id)
    if not name.isdigit():
        raise ProtocolError(f"an object has the id {name!r}; the ids of actors are whole numbers")
    size_m, object_class = _size(detection.bbox.size), ObjectClass.named(_class_id(detection))
    actor = Actor(int(name), "", object_class, size_m, appearances.get(int(name)))
    return ActorState(actor, pose_matrix(detection.bbox.center), _UNTOLD, _UNTOLD, _UNTOLD)


def _light(detection: Any) -> TrafficLight:
    signal_id, _, lane = str(detection.id).partition("/")
    return TrafficLight(
        signal_id,
        lane,
        pose_matrix(detection.bbox.center),
        _size(detection.bbox.size),
        _COLOURS.get(_class_id(detection), "off"),
    )


def _class_id(detection: Any) -> str:
    return str(detection.results[0].hypothesis.class_id)


def _size(size: Any) -> Size:
    return float(size.x), float(size.y), float(size.z)


def _vector(vector: Any) -> Vector:
    return np.array([vector.x, vector.y, vector.z])
