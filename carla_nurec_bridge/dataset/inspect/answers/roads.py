"""The lanes, stop lines and crossings of a map, as far as answers are derived from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ....opendrive import OpenDriveMap
from ....opendrive.geometry import lane_borders, lane_pose
from ....opendrive.stops import StopLine, stop_lines
from ....town.street.marks import crosswalk_outlines

Array = NDArray[np.float64]

_STEP_M = 0.5
_NEAR = 12
_BELOW_M, _ABOVE_M = 1.0, 4.0
"""How far the middle of a box on a lane may lie below and above the lane's surface."""


@dataclass(frozen=True)
class LanesUnder:
    """The driving lane under each of some places (N,), the one whose middle is nearest.

    ``lane`` numbers the lanes of a map, -1: none. ``heading_rad`` is that of travel.
    """

    lane: NDArray[np.int64]
    heading_rad: Array
    in_junction: NDArray[np.bool_]


class Roads:
    """A map whose driving lanes are points along their middles, half a metre apart."""

    def __init__(self, opendrive: OpenDriveMap) -> None:
        self._map = opendrive
        rows, sections = [], []
        for number, (road, section, lane) in enumerate(opendrive.drivable_lanes()):
            count = max(int((section.s_end - section.s) / _STEP_M), 1)
            s = section.s + (np.arange(count) + 0.5) * (section.s_end - section.s) / count
            x, y, z, heading, _ = lane_pose(road, section, lane.id, s)
            inner, outer = lane_borders(road, section, s)[lane.id]
            half = 0.5 * np.abs(outer - inner)
            same = (np.full(count, value) for value in (number, road.junction is not None))
            rows.append(np.stack([x, y, z, heading, half, *same], axis=1))
            sections.append((road.id, section.s))
        self.section_of = tuple(sections)
        """The road and the start of the lane section of each lane, by its number."""
        self._points = np.concatenate(rows) if rows else np.zeros((0, 7))
        self._tree = cKDTree(self._points[:, :2])

    def under(self, places: Array) -> LanesUnder:
        """Return the lanes under places (N, 3) of the map frame; nan lies on none."""
        count = min(_NEAR, len(self._points))
        found = np.full(len(places), -1)
        there = np.flatnonzero(np.isfinite(places).all(axis=1))
        if count and len(there):
            _, near = self._tree.query(places[there, :2], [*range(1, count + 1)])
            points = self._points[near]
            along = np.hypot(*np.moveaxis(places[there, None, :2] - points[..., :2], 2, 0))
            rises = places[there, None, 2] - points[..., 2]
            on = (along <= points[..., 4] + 0.5 * _STEP_M) & (rises > -_BELOW_M)
            on &= rises < _ABOVE_M
            first = np.argmax(on, axis=1)
            mine = near[np.arange(len(there)), first]
            found[there] = np.where(on.any(axis=1), mine, -1)
        is_on = found >= 0
        chosen = self._points[found] if len(self._points) else np.zeros((len(places), 7))
        return LanesUnder(
            np.where(is_on, chosen[:, 5], -1).astype(np.int64),
            chosen[:, 3],
            is_on & (chosen[:, 6] > 0),
        )

    def from_crossing_m(self, place: Array) -> float:
        """Return how far a place (3,) is from the nearest crossing for walkers, 0 on one."""
        point = (float(place[0]), float(place[1]))
        away = [-cv2.pointPolygonTest(outline, point, True) for outline in self._crossings]
        return max(min(away, default=float("inf")), 0.0)

    @cached_property
    def lines(self) -> dict[str, tuple[StopLine, ...]]:
        """The stop lines by signal."""
        return stop_lines(self._map)

    @cached_property
    def _crossings(self) -> list[NDArray[np.float32]]:
        return [
            np.ascontiguousarray(outline[:, :2], np.float32)
            for outline in crosswalk_outlines(self._map)
        ]
