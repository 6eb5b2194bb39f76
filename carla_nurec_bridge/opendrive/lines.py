"""The lines of a map for markers and overviews."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .geometry import lane_borders, road_pose, stations
from .model import DRIVABLE, OpenDriveMap
from .stops import stop_lines

LineKind = Literal["edge", "solid", "broken", "stop"]


def lane_lines(opendrive: OpenDriveMap) -> list[tuple[NDArray[np.float64], LineKind]]:
    """Return polylines (N, 3) in the map frame, metres, with what each one is.

    ``edge`` is the border of the carriageway, ``solid`` and ``broken`` are the marks between its
    lanes, ``stop`` the stop lines of signals. Inside junctions only marks are given.
    """
    lines: list[tuple[NDArray[np.float64], LineKind]] = []
    for road in opendrive.roads.values():
        for section in road.sections:
            if section.s_end - section.s < 0.05:
                continue
            s = stations(road, section.s, section.s_end, step_m=10.0, tolerance_m=0.05)
            borders = lane_borders(road, section, s)
            for lane in section.lanes.values():
                outer = borders[lane.id][1] if lane.id else road.lane_offset.value(s)
                side = 1 if lane.id > 0 else -1
                beyond = section.lanes.get(lane.id + side) if lane.id else None
                kind: LineKind | None = None
                marked = lane.marks[0].type if lane.marks else "none"
                if lane.id == 0 or (beyond is not None and beyond.type in DRIVABLE):
                    kind = _kind(marked)
                elif lane.type in DRIVABLE and road.junction is None:
                    kind = "edge"
                if kind is not None:
                    x, y, z, _ = road_pose(road, s, outer)
                    lines.append((np.stack([x, y, z], axis=-1), kind))
    for stops in stop_lines(opendrive).values():
        lines += [(np.array([stop.left, stop.right]), "stop") for stop in stops]
    return lines


def _kind(mark_type: str) -> LineKind | None:
    if mark_type == "none":
        return None
    return "broken" if mark_type.startswith("broken") else "solid"
