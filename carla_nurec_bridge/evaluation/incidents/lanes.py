"""Where positions lie on the lanes of a map, and whether on a crossing for walkers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from ...opendrive.geometry import lane_pose
from ...opendrive.heights import LanePlace, lanes_at
from ...opendrive.model import DRIVABLE, OpenDriveMap, Road
from ...town.street.marks import crosswalk_outlines

Array = NDArray[np.float64]

_SAME_PLACE_M = 2.5
_JUNCTION_REACH_M = 30.0
_CROSSWALK_REACH_M = 1.0


@dataclass(frozen=True)
class LaneAt:
    """The driving lane at a place, with its heading of travel in radians.

    ``key`` is (road, s of the lane section in mm, lane). ``offset_m`` is how far left of the lane's
    middle the place is. ``junction_ahead`` also says that the lane ends within 30 m.
    """

    key: tuple[str, int, int]
    heading_rad: float
    offset_m: float
    in_junction: bool
    junction_ahead: bool

    @property
    def name(self) -> str:
        """OpenDRIVE's road and lane, as ``12.-1``."""
        return f"{self.key[0]}.{self.key[2]}"


class Lanes(Protocol):
    """What is asked of a map about road users; positions (3,) are in the map, metres."""

    def at(self, positions: Array) -> list[LaneAt | None]:
        """Return the driving lanes that positions (N, 3) lie on, None beside the carriageway."""

    def on_crosswalk(self, position: Array) -> bool:
        """Say whether a position lies on a crossing for walkers, or within 1 m of one."""


class MapLanes:
    """``Lanes`` of an OpenDRIVE map."""

    def __init__(self, opendrive: OpenDriveMap) -> None:
        self._map = opendrive

    def at(self, positions: Array) -> list[LaneAt | None]:
        """Return the driving lanes that positions (N, 3) lie on, None beside the carriageway.

        Roads that cross over one another share x and y: a lane more than 2.5 m above or below
        the position is none.
        """
        found: list[LaneAt | None] = [None] * len(positions)
        groups: dict[tuple[str, float, int], list[tuple[int, LanePlace]]] = {}
        for number, place in enumerate(lanes_at(self._map, positions)):
            if place is not None and place.lane.type in DRIVABLE:
                key = place.road.id, place.section.s, place.lane.id
                groups.setdefault(key, []).append((number, place))
        for members in groups.values():
            road, section, lane = members[0][1].road, members[0][1].section, members[0][1].lane
            s = np.array([place.s for _, place in members])
            x, y, z, heading, _ = lane_pose(road, section, lane.id, s)
            away = positions[[number for number, _ in members]] - np.stack([x, y, z], axis=1)
            offsets_m = away[:, 1] * np.cos(heading) - away[:, 0] * np.sin(heading)
            for k in np.flatnonzero(np.abs(away[:, 2]) <= _SAME_PLACE_M).tolist():
                found[members[k][0]] = LaneAt(
                    (road.id, round(1000.0 * section.s), lane.id),
                    float(heading[k]),
                    float(offsets_m[k]),
                    road.junction is not None,
                    self._to_junction_m(road, float(s[k]), road.forward(lane.id))
                    < _JUNCTION_REACH_M,
                )
        return found

    def on_crosswalk(self, position: Array) -> bool:
        """Say whether a position lies on a crossing for walkers, or within 1 m of one."""
        point = (float(position[0]), float(position[1]))
        return any(
            cv2.pointPolygonTest(polygon, point, True) > -_CROSSWALK_REACH_M
            for polygon in self._crosswalks
        )

    @cached_property
    def _crosswalks(self) -> list[NDArray[np.float32]]:
        return [
            np.ascontiguousarray(outline[:, :2], np.float32)
            for outline in crosswalk_outlines(self._map)
        ]

    def _to_junction_m(self, road: Road, s: float, forward: bool) -> float:
        """Return the distance along roads to the next junction or dead end, at least up to 30 m."""
        if road.junction is not None:
            return 0.0
        path_m = road.length - s if forward else s
        link = road.successor if forward else road.predecessor
        while path_m < _JUNCTION_REACH_M and link is not None and link.kind == "road":
            road = self._map.roads[link.id]
            if road.junction is not None:
                break
            forward = link.contact == "start"
            # A road without any length must not keep a ring of such roads going for ever.
            path_m += max(road.length, 0.1)
            link = road.successor if forward else road.predecessor
        return path_m
