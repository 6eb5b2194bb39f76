"""Where a position lies on the lanes of a CARLA map."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import carla
import numpy as np
from numpy.typing import NDArray

from ...core.frames import mirror_vector
from ..session.transforms import matrix_of

_SAME_PLACE_M = 2.5
_JUNCTION_REACH_M = 30.0
_CROSSWALK_REACH_M = 1.0


@dataclass(frozen=True)
class LaneAt:
    """The driving lane at a place: its key, heading in the map (rad), and the way to a junction.

    ``offset_m`` is how far left of the lane's middle the place is.
    """

    key: tuple[int, int, int]
    heading_rad: float
    offset_m: float
    in_junction: bool
    junction_ahead: bool


class Lanes(Protocol):
    """What detectors ask of a map; positions are (3,) in the map, metres."""

    def at(self, position: NDArray[np.float64]) -> LaneAt | None:
        """Return the driving lane that a position lies on, None beside the carriageway."""

    def on_crosswalk(self, position: NDArray[np.float64]) -> bool:
        """Say whether a position lies on a crossing for walkers, or within 1 m of one."""


class MapLanes:
    """``Lanes`` of a CARLA map."""

    def __init__(self, carla_map: carla.Map) -> None:
        self._map = carla_map
        self._crosswalks = _polygons(carla_map.get_crosswalks())

    def at(self, position: NDArray[np.float64]) -> LaneAt | None:
        """Return the driving lane that a position lies on, None beside the carriageway."""
        location = carla.Location(*(float(v) for v in mirror_vector(position)))
        waypoint = self._map.get_waypoint(
            location, project_to_road=False, lane_type=carla.LaneType.Driving
        )
        if waypoint is None:
            return None
        pose = matrix_of(waypoint.transform)
        # Roads that cross over one another share x and y.
        if abs(pose[2, 3] - position[2]) > _SAME_PLACE_M:
            return None
        heading = math.atan2(pose[1, 0], pose[0, 0])
        away = position[:2] - pose[:2, 3]
        offset = float(away @ (-math.sin(heading), math.cos(heading)))
        ahead = waypoint.next(_JUNCTION_REACH_M)
        return LaneAt(
            (waypoint.road_id, waypoint.section_id, waypoint.lane_id),
            heading,
            offset,
            waypoint.is_junction,
            not ahead or any(w.is_junction for w in ahead),
        )

    def on_crosswalk(self, position: NDArray[np.float64]) -> bool:
        """Say whether a position lies on a crossing for walkers, or within 1 m of one."""
        return any(_near(position[:2], polygon) for polygon in self._crosswalks)


def _polygons(corners: list[carla.Location]) -> list[NDArray[np.float64]]:
    """Return the polygons (N, 2); CARLA lists corners, each polygon closed by its first one."""
    polygons: list[NDArray[np.float64]] = []
    open_one: list[NDArray[np.float64]] = []
    for corner in corners:
        point = mirror_vector((corner.x, corner.y, corner.z))[:2]
        if open_one and np.allclose(point, open_one[0]):
            polygons.append(np.array(open_one))
            open_one = []
        else:
            open_one.append(point)
    return polygons


def _near(point: NDArray[np.float64], polygon: NDArray[np.float64]) -> bool:
    inside = False
    for a, b in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        share = float(np.clip((point - a) @ (b - a) / max((b - a) @ (b - a), 1e-9), 0.0, 1.0))
        if np.linalg.norm(point - (a + share * (b - a))) < _CROSSWALK_REACH_M:
            return True
        crosses = (a[1] > point[1]) != (b[1] > point[1])
        if crosses and point[0] < a[0] + (point[1] - a[1]) / (b[1] - a[1]) * (b[0] - a[0]):
            inside = not inside
    return inside
