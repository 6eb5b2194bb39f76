"""How high the ground is and which lane is where: from grids of the ground's triangles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .ground.index import GroundIndex, ground_index
from .ground.triangle_grid import highest_below, lowest_in_cell
from .model import (
    Lane,
    LaneSection,
    OpenDriveMap,
    Road,
)
from .strips import Strip
from .surface import pavement

Array = NDArray[np.float64]

_STEP_UP_M = 1.0
HEADROOM_M = 2.0
"""Roads that lie further apart in height than this are levels: one can be below the other."""
MOST_LEVELS = 8
_ROAD_SLACK_M = 0.01
_LAND_SLACK_M = 0.01


@dataclass(frozen=True)
class LanePlace:
    """A place on a lane: s along the road and t across it, in metres."""

    road: Road
    section: LaneSection
    lane: Lane
    s: float
    t: float


def ground_height(
    opendrive: OpenDriveMap, points: ArrayLike, near_z: ArrayLike | None = None
) -> tuple[Array, Array]:
    """Return the ground's height (N,) in metres and its unit normal (N, 3) under points (N, 2+).

    The ground is what the street's mesh shows: carriageway, kerb-high sidewalks, land, and what
    fills junctions between their roads, level with these (``SUNK_M`` above its mesh). Where roads
    lie above each other the highest counts; with ``near_z`` (N,) the highest that is at most 1 m
    above it. Beyond the land (420 m off the roads) the height is NaN and the normal straight up.
    """
    flat = np.ascontiguousarray(np.asarray(points, dtype=np.float64)[:, :2])
    ceiling = np.full(len(flat), np.inf)
    if near_z is not None:
        ceiling[:] = np.asarray(near_z, dtype=np.float64) + _STEP_UP_M
    z, normals, _ = _ground(ground_index(opendrive), flat, ceiling)
    return z, normals / np.linalg.norm(normals, axis=1, keepdims=True)


def height_at(opendrive: OpenDriveMap, place: tuple[float, float, float]) -> float:
    """Return the ground's height in metres where something stands, NaN beyond the land.

    ``place`` is on a road's surface or at its height beside it.
    """
    z, _ = ground_height(opendrive, np.array([place]), np.array([place[2] + 0.5]))
    return float(z[0])


def paved_height(opendrive: OpenDriveMap, points: ArrayLike) -> tuple[Array, NDArray[np.bool_]]:
    """Return the height (N,) of the highest ground under points (N, 2+), and which are paved."""
    flat = np.ascontiguousarray(np.asarray(points, dtype=np.float64)[:, :2])
    z, _, paved = _ground(ground_index(opendrive), flat, np.full(len(flat), np.inf))
    return z, paved


def _ground(
    index: GroundIndex, flat: Array, ceiling: Array
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Return heights, normals of any length, and which points lie on pavement."""
    z, hit = highest_below(flat, ceiling, index.road, _ROAD_SLACK_M)
    paved = hit >= 0
    normals = np.zeros((len(flat), 3))
    normals[:, 2] = 1.0
    normals[:, :2] = -index.road.planes[hit, :2] * (hit >= 0)[:, None]
    off = np.flatnonzero(hit < 0)
    if len(off):
        z[off], hit = highest_below(flat[off], np.full(len(off), np.inf), index.land, _LAND_SLACK_M)
        normals[off, :2] = -index.land.planes[hit, :2] * (hit >= 0)[:, None]
    return z, normals, paved


def levels_below(
    opendrive: OpenDriveMap, points: ArrayLike, heights: ArrayLike
) -> tuple[NDArray[np.int64], Array]:
    """Return which points (N, 2+) have roads below their ``heights`` (N,), and how high these are.

    The second value is (M, K): heights in metres of the roads at those M points, downwards, then
    NaN; each lies at least ``HEADROOM_M`` below the one before. At most ``MOST_LEVELS`` are told.
    """
    index = ground_index(opendrive)
    flat = np.ascontiguousarray(np.asarray(points, dtype=np.float64)[:, :2])
    ceiling = np.asarray(heights, dtype=np.float64) - HEADROOM_M
    candidates = np.flatnonzero(lowest_in_cell(flat, index.road) < ceiling)
    found: list[Array] = []
    at = ceiling[candidates]
    for _ in range(MOST_LEVELS):
        z, hit = highest_below(flat[candidates], at, index.road, _ROAD_SLACK_M)
        if not np.any(hit >= 0):
            break
        found.append(z)
        at = np.where(hit >= 0, z - HEADROOM_M, -np.inf)
    if not found:
        return np.zeros(0, np.int64), np.zeros((0, 1))
    levels = np.stack(found, axis=1)
    some = np.isfinite(levels[:, 0])
    return candidates[some], np.ascontiguousarray(levels[some])


def lane_at(
    opendrive: OpenDriveMap, x: float, y: float, near_z: float | None = None
) -> LanePlace | None:
    """Return the lane at a point of the map frame, a drivable one first; None beside all lanes.

    ``x`` and ``y`` are in metres; with ``near_z`` the highest lane that is at most 1 m above it
    counts. Where roads of a junction overlap, one of them is returned.
    """
    return lanes_at(opendrive, [(x, y, np.inf if near_z is None else near_z)])[0]


def lanes_at(opendrive: OpenDriveMap, points: ArrayLike) -> list[LanePlace | None]:
    """Return the lane at each of points (N, 3) of the map frame, as ``lane_at`` does for one."""
    index = ground_index(opendrive)
    at = np.asarray(points, dtype=np.float64).reshape(-1, 3)
    flat = np.ascontiguousarray(at[:, :2])
    _, hit = highest_below(flat, at[:, 2] + _STEP_UP_M, index.road, _ROAD_SLACK_M)
    owners = np.where(hit >= 0, index.owners[hit], -1)
    found: list[LanePlace | None] = [None] * len(at)
    for owner in np.unique(owners[owners >= 0]).tolist():
        strip, mine = pavement(opendrive).strips[owner], np.flatnonzero(owners == owner)
        s, t = _on_strip(strip, flat[mine])
        for number, along, across in zip(mine.tolist(), s.tolist(), t.tolist(), strict=True):
            found[number] = LanePlace(strip.road, strip.section, strip.lane, along, across)
    return found


def _on_strip(strip: Strip, flat: Array) -> tuple[Array, Array]:
    """Return s along the road of a strip and t across it (N,) of points (N, 2) on the strip."""
    middle = 0.5 * (strip.inner + strip.outer)[:, :2]
    s = strip.s[np.argmin(np.linalg.norm(middle - flat[:, None], axis=2), axis=1)]
    across = np.zeros(len(flat))
    for _ in range(6):
        x, y, heading = strip.road.plan.pose(s)
        cos, sin = np.cos(heading), np.sin(heading)
        along = (flat[:, 0] - x) * cos + (flat[:, 1] - y) * sin
        across = (flat[:, 1] - y) * cos - (flat[:, 0] - x) * sin
        scale = np.maximum(1.0 - across * strip.road.plan.curvature(s), 0.2)
        s = np.clip(s + along / scale, strip.s[0], strip.s[-1])
    return s, across
