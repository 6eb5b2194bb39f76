"""Read back from a bag what happened: the ego, the objects, the route, the map."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import ProtocolError
from ..core.frames import Matrix, matrix_from_quaternion, rigid
from ..world.states import ActorState, Box, State
from . import BagReader


@dataclass(frozen=True, eq=False)
class BagDrive:
    """A recorded drive in the map frame.

    ``states`` in order of time, ``route`` (N, 3) or None, ``opendrive`` the map's text or None,
    ``base_from_link`` the mount of each sensor by its link or optical frame.
    """

    states: tuple[State, ...]
    route: NDArray[np.float64] | None
    opendrive: str | None
    base_from_link: dict[str, Matrix]


def read_drive(bag: BagReader, names: dict[str, str]) -> BagDrive:
    """Read a drive from an open bag; ``names`` gives the topic of each row of the table.

    Incomplete stamps at the end of an aborted run (odometry without objects) are left out.
    """
    wanted = {
        names[key]: key
        for key in (
            "odometry",
            "objects",
            "route",
            "map_opendrive",
            "robot_description",
            "tf_static",
        )
        if key in names
    }
    odometry: dict[int, Any] = {}
    objects: dict[int, Any] = {}
    latched: dict[str, Any] = {}
    for topic, stamp_ns, message in bag.messages(list(wanted)):
        key = wanted[topic]
        if key == "odometry":
            odometry[stamp_ns] = message
        elif key == "objects":
            objects[stamp_ns] = message
        else:
            latched[key] = message
    base_from_box, size_m = ego_box(latched.get("robot_description"))
    states = []
    for stamp_ns in sorted(odometry.keys() & objects.keys()):
        map_from_base = _matrix(odometry[stamp_ns].pose.pose)
        states.append(
            State(
                stamp_ns,
                map_from_base,
                float(odometry[stamp_ns].twist.twist.linear.x),
                Box(map_from_base @ base_from_box, size_m),
                tuple(_object(detection) for detection in objects[stamp_ns].detections),
            )
        )
    return BagDrive(
        tuple(states),
        _route(latched.get("route")),
        latched["map_opendrive"].data if "map_opendrive" in latched else None,
        _mounts(latched.get("tf_static")),
    )


def _matrix(pose: Any) -> Matrix:
    p, q = pose.position, pose.orientation
    return matrix_from_quaternion((p.x, p.y, p.z), (q.x, q.y, q.z, q.w))


def _object(detection: Any) -> ActorState:
    size = detection.bbox.size
    box = Box(_matrix(detection.bbox.center), np.array([size.x, size.y, size.z]))
    return ActorState(str(detection.id), str(detection.results[0].hypothesis.class_id), box)


def _route(message: Any) -> NDArray[np.float64] | None:
    if message is None or not len(message.poses):
        return None
    return np.array([_matrix(stamped.pose)[:3, 3] for stamped in message.poses])


def ego_box(message: Any) -> tuple[Matrix, NDArray[np.float64]]:
    """Return base_from_box and the size (m) of the ego's box in its robot description."""
    if message is None:
        raise ProtocolError("the bag has no robot_description, so the ego's size is unknown")
    visual = ET.fromstring(message.data).find("./link[@name='base_link']/visual")
    box = None if visual is None else visual.find("geometry/box")
    if visual is None or box is None:
        raise ProtocolError("the robot_description has no box for base_link")
    origin = visual.find("origin")
    centre = [0.0, 0.0, 0.0] if origin is None else _floats(origin.get("xyz", "0 0 0"))
    return rigid(np.eye(3), centre), np.array(_floats(box.get("size", "")))


def _floats(text: str) -> list[float]:
    return [float(word) for word in text.split()]


def _mounts(message: Any) -> dict[str, Matrix]:
    """Return base_from_frame of every frame that hangs, directly or not, from base_link."""
    if message is None:
        return {}
    parents = {}
    for t in message.transforms:
        v, q = t.transform.translation, t.transform.rotation
        matrix = matrix_from_quaternion((v.x, v.y, v.z), (q.x, q.y, q.z, q.w))
        parents[t.child_frame_id] = (t.header.frame_id, matrix)
    mounts = {"base_link": np.eye(4)}
    while True:
        new = {
            child: mounts[parent] @ matrix
            for child, (parent, matrix) in parents.items()
            if parent in mounts and child not in mounts
        }
        if not new:
            return mounts
        mounts |= new
