"""Where the extras of a run are: their boxes by stamp, and as cameras should see them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.cameras.models import CameraModel, camera_from_json
from ..core.errors import InputError
from ..core.frames import Matrix, invert, matrix_from_quaternion
from ..recording.reader import BagReader

_MOVES_MPS = 0.5
_CORNERS = 0.5 * np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, -1).T


@dataclass(frozen=True, eq=False)
class SeenBox:
    """A box of ``objects``: its centre's pose in the map (4, 4), its size in metres."""

    label: str
    map_from_box: Matrix
    size_m: tuple[float, float, float]

    def corners(self) -> NDArray[np.float64]:
        """Return the corners (8, 3) in the map."""
        points = _CORNERS * np.array(self.size_m) @ self.map_from_box[:3, :3].T
        corners: NDArray[np.float64] = points + self.map_from_box[:3, 3]
        return corners


@dataclass(frozen=True, eq=False)
class Eye:
    """A camera of the bag by its exact calibration; ``source`` is nurec or carla."""

    name: str
    source: str
    model: CameraModel
    rig_from_camera: Matrix

    def sees(self, box: SeenBox, map_from_rig: Matrix) -> NDArray[np.float64] | None:
        """Return the corners' pixels (8, 2), None unless all of them are in the picture."""
        camera_from_map = invert(map_from_rig @ self.rig_from_camera)
        points = box.corners() @ camera_from_map[:3, :3].T + camera_from_map[:3, 3]
        pixels, valid = self.model.project(points)
        return pixels if bool(valid.all()) else None


def boxes_by_stamp(bag: BagReader, names: Sequence[str]) -> dict[int, dict[str, SeenBox]]:
    """Return by stamp (ns) the boxes of the actors bound to the tracks ``names``."""
    actors: dict[str, str] = {}
    for _, _, message in bag.messages(["/objects/tracks"]):
        bound = json.loads(message.data)
        actors |= {actor: track for actor, track in bound.items() if track in names}
    return {
        stamp: {
            actors[d.id]: SeenBox(
                d.results[0].hypothesis.class_id,
                _pose(d.bbox.center),
                (d.bbox.size.x, d.bbox.size.y, d.bbox.size.z),
            )
            for d in message.detections
            if d.id in actors
        }
        for _, stamp, message in bag.messages(["/objects"])
    }


def rig_poses(bag: BagReader) -> dict[int, Matrix]:
    """Return map_from_base (4, 4) by stamp (ns)."""
    return {stamp: _pose(m.pose.pose) for _, stamp, m in bag.messages(["/odometry"])}


def eyes(bag: BagReader) -> list[Eye]:
    """Return the cameras of a bag by name."""
    topics = [s.topic for s in bag.streams() if s.topic.endswith("/calibration")]
    found = [json.loads(message.data) for _, _, message in bag.messages(topics)]
    return [
        Eye(
            c["name"],
            c["source"],
            camera_from_json(c["camera_model"]),
            np.array(c["rig_from_camera"]),
        )
        for c in sorted(found, key=lambda c: str(c["name"]))
    ]


def moments(boxes: Mapping[int, Mapping[str, SeenBox]], count: int) -> list[int]:
    """Return ``count`` stamps over the time in which an extra moves, the last one when all rest.

    InputError when there is none in the bag.
    """
    stamps = sorted(stamp for stamp, found in boxes.items() if found)
    if len(stamps) < count:
        raise InputError(f"the extras are in {len(stamps)} frames of the bag; {count} are needed")
    moving = [
        after
        for before, after in pairwise(stamps)
        if any(
            _speed_mps(boxes[before].get(name), box, after - before) > _MOVES_MPS
            for name, box in boxes[after].items()
        )
    ]
    chosen = moving if len(moving) >= count else stamps
    return [chosen[int(k)] for k in np.linspace(0, len(chosen) - 1, count + 1)[1:]]


def _speed_mps(before: SeenBox | None, after: SeenBox, passed_ns: int) -> float:
    if before is None:
        return 0.0
    moved = after.map_from_box[:2, 3] - before.map_from_box[:2, 3]
    return float(np.linalg.norm(moved)) * 1e9 / passed_ns


def _pose(pose: Any) -> Matrix:
    p, q = pose.position, pose.orientation
    return matrix_from_quaternion((p.x, p.y, p.z), (q.x, q.y, q.z, q.w))
