"""Paint on the road: lane marks, stop lines and crosswalk stripes, 5 mm above the asphalt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import zip_longest

import cv2
import numpy as np

from ...opendrive.geometry import lane_borders, road_pose, stations
from ...opendrive.heights import ground_height
from ...opendrive.model import (
    LaneSection,
    Mark,
    MarkLine,
    OpenDriveMap,
    Road,
    RoadObject,
)
from ...opendrive.stops import StopLine
from ...rendering.mesh import Mesh, concatenate
from .parts import (
    Array,
    Label,
    placed,
    quads,
    shaded,
)

COLOURS = {
    "white": (226, 226, 220),
    "standard": (226, 226, 220),
    "yellow": (214, 168, 44),
    "orange": (221, 122, 32),
    "red": (176, 48, 40),
    "blue": (52, 92, 170),
    "green": (60, 138, 76),
}
_LIFT_M = 0.005
_DASH_M, _GAP_M = 3.0, 6.0
_LEAST_PERIOD_M = 0.2
"""Of a broken line; the shortest that is painted has 0.5 m. A finer one looks unbroken."""
_LEAST_PIECE_M = 0.05
_DOUBLE_M = 0.13
_STOP_DEPTH_M = 0.45
_STRIPE_M = 0.5
_MAX_CROSSWALK_M = 200.0
_MAX_REACH_M = 1e6
_MAX_LINE_M = 2.0
_UNPAINTED = frozenset({"none", "curb", "grass", "edge"})


def mark_meshes(opendrive: OpenDriveMap, rng: np.random.Generator) -> list[Mesh]:
    """Return the painted lines of every lane border."""
    meshes = []
    for road in opendrive.roads.values():
        for section in road.sections:
            end = min(section.s_end, road.length)
            for lane in section.lanes.values():
                for mark, following in zip_longest(lane.marks, lane.marks[1:]):
                    begin = section.s + max(mark.s_offset, 0.0)
                    until = end if following is None else section.s + following.s_offset
                    if mark.type in _UNPAINTED or until - begin < _LEAST_PIECE_M:
                        continue
                    faces = list(_faces(road, section, lane.id, mark, begin, min(until, end)))
                    if faces:
                        corners = np.concatenate(faces)
                        colour = COLOURS.get(mark.colour, COLOURS["white"])
                        shades = shaded(colour, rng, len(corners), 0.03)
                        meshes.append(quads(corners, shades, Label.ROAD_LINES))
    return meshes


def painted_lines(mark: Mark) -> tuple[MarkLine, ...]:
    """Return the lines that a mark consists of, from the file or from its type."""
    if mark.lines:
        return tuple(
            replace(line, width_m=min(line.width_m, _MAX_LINE_M))
            for line in mark.lines
            if abs(line.t_offset_m) < _MAX_REACH_M
        )
    width = min(mark.width_m, _MAX_LINE_M)
    words = mark.type.split()
    if not set(words) <= {"solid", "broken"}:
        words = ["solid"]
    offsets = (0.0,) if len(words) == 1 else (_DOUBLE_M, -_DOUBLE_M)
    return tuple(
        MarkLine(*((0.0, 0.0) if word == "solid" else (_DASH_M, _GAP_M)), offset, width)
        for word, offset in zip(words, offsets, strict=False)
    )


def _faces(
    road: Road, section: LaneSection, lane_id: int, mark: Mark, begin: float, end: float
) -> Iterator[Array]:
    for line in painted_lines(mark):
        period = line.length_m + line.space_m
        if line.space_m <= 0.0 or line.length_m <= 0.0 or period < _LEAST_PERIOD_M:
            pieces = [(begin, end)]
        else:
            firsts = np.arange(np.floor(begin / period) * period, end, period)
            pieces = [(max(x, begin), min(x + line.length_m, end)) for x in firsts]
        for low, high in pieces:
            if high - low < _LEAST_PIECE_M:
                continue
            s = stations(road, low, high, step_m=8.0, tolerance_m=0.01)
            if lane_id:
                centre = lane_borders(road, section, s)[lane_id][1]
            else:
                centre = road.lane_offset.value(s)
            left = _rail(road, s, centre + line.t_offset_m + 0.5 * line.width_m)
            right = _rail(road, s, centre + line.t_offset_m - 0.5 * line.width_m)
            yield np.stack([right[:-1], right[1:], left[1:], left[:-1]], axis=1)


def _rail(road: Road, s: Array, t: Array) -> Array:
    x, y, z, _ = road_pose(road, s, t)
    return np.stack([x, y, z + _LIFT_M], axis=-1)


def stop_line_mesh(stops: list[StopLine]) -> Mesh:
    """Return the bars across the lanes, ending 0.2 m before where traffic must stop."""
    corners = []
    for stop in stops:
        ahead = np.array([np.cos(stop.heading), np.sin(stop.heading), 0.0])
        left, right = np.array(stop.left), np.array(stop.right)
        inward = 0.06 * (right - left) / max(float(np.linalg.norm(right - left)), 1e-6)
        left, right = left + 2.0 * inward, right - 2.0 * inward
        near, far = -(0.2 + _STOP_DEPTH_M) * ahead, -0.2 * ahead
        corners.append([right + near, right + far, left + far, left + near])
    lifted = np.array(corners).reshape(-1, 4, 3)
    lifted[..., 2] += 2.0 * _LIFT_M
    return quads(lifted, COLOURS["white"], Label.ROAD_LINES)


def crosswalk_outline(road: Road, item: RoadObject) -> Array | None:
    """Return the corners (N, 3) of an object's first outline in the map frame, None without."""
    if not item.outlines:
        return None
    kind, corners = item.outlines[0]
    if kind == "road":
        x, y, z, _ = road_pose(road, corners[:, 0], corners[:, 1])
        return np.stack([x, y, z + corners[:, 2]], axis=-1)
    turn = item.heading + float(road.plan.pose(item.s)[2])
    x0, y0, z0, _ = road_pose(road, item.s, item.t)
    return placed(corners, float(x0), float(y0), float(z0), turn)


def crosswalk_outlines(opendrive: OpenDriveMap) -> Iterator[Array]:
    """Yield the outline (N, 3) of every object of type crosswalk that is an area, map frame."""
    for road in opendrive.roads.values():
        for item in road.objects:
            outline = crosswalk_outline(road, item) if item.type == "crosswalk" else None
            if outline is not None and len(outline) >= 3 and np.all(np.isfinite(outline)):
                yield outline


def crosswalk_meshes(opendrive: OpenDriveMap) -> list[Mesh]:
    """Return zebra stripes, along the traffic, in every object of type crosswalk."""
    meshes = []
    for outline in crosswalk_outlines(opendrive):
        if np.all(np.abs(outline) < _MAX_REACH_M):
            stripes = _stripes(outline[:, :2])
            if len(stripes):
                flat = stripes.reshape(-1, 2)
                near = np.full(len(flat), float(np.median(outline[:, 2])))
                z, _ = ground_height(opendrive, flat, near)
                corners = np.column_stack([flat, z + 1.5 * _LIFT_M]).reshape(-1, 4, 3)
                corners = corners[np.isfinite(corners).all(axis=(1, 2))]
                meshes.append(quads(corners, COLOURS["white"], Label.ROAD_LINES))
    return [concatenate(meshes)] if meshes else []


def _stripes(outline: Array) -> Array:
    """Return stripes (N, 4, 2) across the long axis of the outline's smallest rectangle."""
    corners = cv2.boxPoints(cv2.minAreaRect(outline.astype(np.float32))).astype(np.float64)
    sides = corners[1] - corners[0], corners[2] - corners[1]
    short, long = sorted(sides, key=lambda side: float(np.linalg.norm(side)))
    length, depth = float(np.linalg.norm(long)), float(np.linalg.norm(short))
    if not (_STRIPE_M <= length < _MAX_CROSSWALK_M and _STRIPE_M <= depth < _MAX_CROSSWALK_M):
        return np.zeros((0, 4, 2))
    along, across = long / length, short / depth
    if along[0] * across[1] - along[1] * across[0] < 0.0:
        across = -across
    count = max(int((length + _STRIPE_M) // (2.0 * _STRIPE_M)), 1)
    first = -0.5 * (2 * count - 1) * _STRIPE_M + 2.0 * _STRIPE_M * np.arange(count)
    middle = corners.mean(axis=0)
    low, high = first[:, None] * along, (first + _STRIPE_M)[:, None] * along
    half = 0.5 * depth * across
    return middle + np.stack([low - half, high - half, high + half, low + half], axis=1)
