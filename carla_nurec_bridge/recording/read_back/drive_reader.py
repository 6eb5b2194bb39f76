"""World states out of messages, in a bag or just arrived: what is told once, then each stamp's."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import ProtocolError
from ...core.frames import Matrix
from ...core.transform_tree import TransformTree
from ...world.states import Appearance, EgoBox, WorldState
from .messages import (
    actors_of,
    appearances_of,
    ego_state,
    lights_of,
    pose_matrix,
    transform_matrix,
    true_odometry,
)

TOLD_ONCE = ("tf_static", "route", "map_opendrive", "robot_description", "objects_appearance")
"""Rows of the table of topics that ``tell`` takes."""
EACH_FRAME = ("odometry", "objects", "traffic_lights")
"""Rows that a state is made of; of the latter two there may be none."""
GROUND_TRUTH = "ground_truth"
"""The row that takes the place of odometry where that drifts."""
_MAP, _BASE = "map", "base_link"


class DriveReader:
    """Makes the states of one drive.

    ``route`` (N, 3), ``xodr`` (the map's text) and ``body`` (the ego's box) are None until told,
    by the last message of their topics.
    """

    def __init__(self) -> None:
        self.route: NDArray[np.float64] | None = None
        self.xodr: str | None = None
        self.body: EgoBox | None = None
        self._appearances: dict[int, Appearance] = {}
        self._tree = TransformTree()
        self._frames = [_BASE]
        self._map_from: dict[str, Matrix] = {}

    def tell(self, key: str, message: Any) -> None:
        """Take a message that is told once; ProtocolError for one that does not hold what it is."""
        if key == "tf_static":
            for each in message.transforms:
                pose = transform_matrix(each.transform)
                self._tree.add(each.header.frame_id, each.child_frame_id, 0, pose, static=True)
                self._frames.append(each.child_frame_id)
            self._map_from.clear()
        elif key == "route":
            poses = [pose_matrix(stamped.pose)[:3, 3] for stamped in message.poses]
            self.route = np.array(poses) if poses else None
        elif key == "map_opendrive":
            self.xodr = str(message.data)
        elif key == "robot_description":
            self.body = _body(message)
        else:
            self._appearances |= appearances_of(message)

    def state(self, stamp_ns: int, messages: Mapping[str, Any]) -> WorldState:
        """Return the world at a stamp by its odometry, objects and traffic lights.

        The map is the parent of odometry by the static transforms; where they do not tell, the two
        are the same, as ``carla_ego`` has them.
        """
        odometry = true_odometry(messages)
        frame = odometry.header.frame_id
        if frame not in self._map_from:
            known = self._tree.connects(_MAP, frame)
            self._map_from[frame] = self._tree.lookup(_MAP, frame) if known else np.eye(4)
        ego = ego_state(odometry, self.body)
        objects, lights = messages.get("objects"), messages.get("traffic_lights")
        return WorldState(
            stamp_ns,
            replace(ego, map_from_base=self._map_from[frame] @ ego.map_from_base),
            () if objects is None else actors_of(objects, self._appearances),
            () if lights is None else lights_of(lights),
        )

    def mounts(self) -> dict[str, Matrix]:
        """Return base_from_frame of every frame that hangs, directly or not, from base_link."""
        tree = self._tree
        return {f: tree.lookup(_BASE, f) for f in self._frames if tree.connects(_BASE, f)}


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
