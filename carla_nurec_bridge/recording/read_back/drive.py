"""Read back from a bag what happened: the ego and everybody around it, the route, the map."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError, ProtocolError
from ...core.frames import Matrix
from ...core.run_contract.topics import TOPICS
from ...core.transform_tree import TransformTree
from ...world.states import Appearance, EgoBox, WorldState
from ..reader import BagReader
from .messages import (
    actors_of,
    appearances_of,
    ego_state,
    lights_of,
    pose_matrix,
    transform_matrix,
)

_MAP, _BASE = "map", "base_link"
_TOLD_ONCE = (
    "tf_static",
    "route",
    "map_opendrive",
    "robot_description",
    "objects_tracks",
    "objects_appearance",
)
_EACH_FRAME = ("odometry", "objects", "traffic_lights")


@dataclass(frozen=True, eq=False)
class BagDrive:
    """A recorded drive in the map frame.

    ``states`` in order of time, ``route`` (N, 3) or None, ``xodr`` the map's text or None, ``body``
    the ego's box or None, ``base_from_link`` the mount of each sensor by its link or optical frame.
    ``tracks`` says by actor id to which track of its scene an actor was bound last, None for never.
    """

    states: tuple[WorldState, ...]
    route: NDArray[np.float64] | None
    xodr: str | None
    body: EgoBox | None
    base_from_link: dict[str, Matrix]
    tracks: dict[int, str | None]


def topics_of(bag: BagReader, keys: Iterable[str]) -> dict[str, str]:
    """Return the topic of each of these rows of the table that the bag has messages of.

    A namespace may stand before the name; InputError when there are several.
    """
    present = sorted({stream.topic for stream in bag.streams() if stream.messages})
    found = {}
    for key in keys:
        names = [n.lstrip("/") for n in (TOPICS[key].name, TOPICS[key].formerly) if n]
        fitting = [t for t in present if any(f"/{t}".endswith(f"/{name}") for name in names)]
        if len(fitting) > 1:
            raise InputError(
                f"{bag.path} holds {' and '.join(fitting)}; a drive has one ego: record each alone"
            )
        if fitting:
            found[key] = fitting[0]
    return found


def read_drive(bag: BagReader) -> BagDrive:
    """Read a drive from an open bag.

    A stamp counts when it has odometry and, in a bag that has them, objects: the end of an aborted
    run is left out. The map is the parent of odometry by the static transforms; where they do not
    tell, the two are the same, as ``carla_ego`` has them.
    """
    topics = topics_of(bag, (*_EACH_FRAME, *_TOLD_ONCE))
    told = _told_once(bag, topics)
    body = None if "robot_description" not in told else _body(told["robot_description"][-1])
    appearances: dict[int, Appearance] = {}
    for message in told.get("objects_appearance", ()):
        appearances |= appearances_of(message)
    tree = _transforms(told.get("tf_static", ()))
    key_of = {topics[key]: key for key in _EACH_FRAME if key in topics}
    by_key: dict[str, dict[int, Any]] = {key: {} for key in _EACH_FRAME}
    for topic, stamp_ns, message in bag.messages(list(key_of)):
        by_key[key_of[topic]][stamp_ns] = message
    odometry, objects, lights = (by_key[key] for key in _EACH_FRAME)
    states = []
    map_from: dict[str, Matrix] = {}
    for stamp_ns in sorted(odometry.keys() & objects.keys() if objects else odometry):
        frame = odometry[stamp_ns].header.frame_id
        if frame not in map_from:
            known = tree.connects(_MAP, frame)
            map_from[frame] = tree.lookup(_MAP, frame) if known else np.eye(4)
        ego = ego_state(odometry[stamp_ns], body)
        states.append(
            WorldState(
                stamp_ns,
                replace(ego, map_from_base=map_from[frame] @ ego.map_from_base),
                actors_of(objects[stamp_ns], appearances) if objects else (),
                lights_of(lights[stamp_ns]) if stamp_ns in lights else (),
            )
        )
    return BagDrive(
        tuple(states),
        _route(told["route"][-1]) if "route" in told else None,
        str(told["map_opendrive"][-1].data) if "map_opendrive" in told else None,
        body,
        _mounts(tree, told.get("tf_static", ())),
        _tracks(told.get("objects_tracks", ())),
    )


def _told_once(bag: BagReader, topics: Mapping[str, str]) -> Mapping[str, list[Any]]:
    """Return the latched messages by row of the table, in order."""
    keys = {topics[key]: key for key in _TOLD_ONCE if key in topics}
    told: dict[str, list[Any]] = {}
    for topic, _, message in bag.messages(list(keys)):
        told.setdefault(keys[topic], []).append(message)
    return told


def _body(message: Any) -> EgoBox:
    """Return the box of base_link in a robot description."""
    visual = ET.fromstring(message.data).find("./link[@name='base_link']/visual")
    box = None if visual is None else visual.find("geometry/box")
    if visual is None or box is None:
        raise ProtocolError("the robot_description has no box for base_link")
    origin = visual.find("origin")
    length, width, height = _floats(box.get("size", ""))
    x, y, z = (0.0, 0.0, 0.0) if origin is None else _floats(origin.get("xyz", "0 0 0"))
    return EgoBox((length, width, height), (x, y, z))


def _floats(text: str) -> list[float]:
    return [float(word) for word in text.split()]


def _route(message: Any) -> NDArray[np.float64] | None:
    if not len(message.poses):
        return None
    return np.array([pose_matrix(stamped.pose)[:3, 3] for stamped in message.poses])


def _tracks(messages: Iterable[Any]) -> dict[int, str | None]:
    tracks: dict[int, str | None] = {}
    for message in messages:
        for name, track in json.loads(message.data).items():
            tracks[int(name)] = track or tracks.get(int(name))
    return tracks


def _transforms(messages: Iterable[Any]) -> TransformTree:
    tree = TransformTree()
    for transform in _edges(messages):
        parent, child = transform.header.frame_id, transform.child_frame_id
        tree.add(parent, child, 0, transform_matrix(transform.transform), static=True)
    return tree


def _edges(messages: Iterable[Any]) -> list[Any]:
    return [transform for message in messages for transform in message.transforms]


def _mounts(tree: TransformTree, messages: Iterable[Any]) -> dict[str, Matrix]:
    """Return base_from_frame of every frame that hangs, directly or not, from base_link."""
    frames = [_BASE, *(transform.child_frame_id for transform in _edges(messages))]
    return {f: tree.lookup(_BASE, f) for f in frames if tree.connects(_BASE, f)}
