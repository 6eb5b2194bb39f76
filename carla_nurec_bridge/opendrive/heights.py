"""How high the ground is and which lane is where: a cell index over the ground's triangles."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from .land import land
from .model import (
    DRIVABLE,
    Lane,
    LaneSection,
    OpenDriveMap,
    Road,
)
from .surface import SUNK_M, pavement

Array = NDArray[np.float64]

_ROAD_CELL_M = 2.0
_LAND_CELL_M = 30.0
_STEP_UP_M = 1.0
HEADROOM_M = 2.0
"""Roads that lie further apart in height than this are levels: one can be below the other."""
MOST_LEVELS = 8
_ROAD_SLACK_M = 0.01
_LAND_SLACK_M = 0.01


@dataclass(frozen=True, eq=False)
class _Index:
    """Triangles by cell: those of cell k are ``members[first[k]:first[k + 1]]``.

    ``planes`` (T, 3) hold z = a x + b y + c, ``edges`` (T, 3, 3) a point is inside when
    e0 x + e1 y + e2 >= 0 for all three edges, ``rank`` (T,) orders triangles at one height,
    ``low`` (T,) is how low they reach.
    """

    x0: float
    y0: float
    cell_m: float
    columns: int
    rows: int
    first: NDArray[np.int64]
    members: NDArray[np.int32]
    planes: Array
    edges: Array
    rank: NDArray[np.int8]
    low: Array


@dataclass(frozen=True, eq=False)
class GroundIndex:
    """The pavement's and the land's triangles; ``owners`` (T,) is the strip of a road triangle."""

    road: _Index
    land: _Index
    owners: NDArray[np.int32]


@dataclass(frozen=True)
class LanePlace:
    """A place on a lane: s along the road and t across it, in metres."""

    road: Road
    section: LaneSection
    lane: Lane
    s: float
    t: float


@lru_cache(maxsize=4)
def ground_index(opendrive: OpenDriveMap) -> GroundIndex:
    """Return the index of a map's ground, built on first use and kept."""
    built = pavement(opendrive)
    quads, owners, rank = [], [], []
    for number, (strip, keep) in enumerate(zip(built.strips, built.kept, strict=True)):
        kept = strip.quads()[keep]
        quads.append(kept)
        owners.append(np.full(len(kept), number))
        rank.append(np.full(len(kept), 2 if strip.lane.type in DRIVABLE else 1))
    quads.append(built.fillings + (0.0, 0.0, SUNK_M))
    owners.append(np.full(len(built.fillings), -1))
    rank.append(np.zeros(len(built.fillings)))
    corners = np.concatenate(quads)
    triangles = np.concatenate([corners[:, [0, 1, 2]], corners[:, [0, 2, 3]]])
    ground = land(opendrive)
    everywhere = ground.vertices[np.concatenate([ground.triangles, ground.under])]
    return GroundIndex(
        _index(triangles, _ROAD_CELL_M, np.tile(np.concatenate(rank), 2)),
        _index(everywhere, _LAND_CELL_M, np.zeros(len(everywhere))),
        np.tile(np.concatenate(owners), 2).astype(np.int32),
    )


def ground_height(
    opendrive: OpenDriveMap, points: ArrayLike, near_z: ArrayLike | None = None
) -> tuple[Array, Array]:
    """Return the ground's height (N,) in metres and its unit normal (N, 3) under points (N, 2+).

    The ground is what the street's mesh shows: carriageway, kerb-high sidewalks, land, and what
    fills junctions between their ways, level with these (``SUNK_M`` above its mesh). Where roads
    lie above each other the highest counts; with ``near_z`` (N,) the highest that is at most 1 m
    above it. Beyond the land (420 m off the roads) the height is NaN and the normal straight up.
    """
    flat = np.ascontiguousarray(np.asarray(points, dtype=np.float64)[:, :2])
    ceiling = np.full(len(flat), np.inf)
    if near_z is not None:
        ceiling[:] = np.asarray(near_z, dtype=np.float64) + _STEP_UP_M
    z, normals, _ = _ground(ground_index(opendrive), flat, ceiling)
    return z, normals / np.linalg.norm(normals, axis=1, keepdims=True)


def paved_height(opendrive: OpenDriveMap, points: ArrayLike) -> tuple[Array, NDArray[np.bool_]]:
    """Return the height (N,) of the highest ground under points (N, 2+), and which are paved."""
    flat = np.ascontiguousarray(np.asarray(points, dtype=np.float64)[:, :2])
    z, _, paved = _ground(ground_index(opendrive), flat, np.full(len(flat), np.inf))
    return z, paved


def _ground(
    index: GroundIndex, flat: Array, ceiling: Array
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Return heights, normals of any length, and which points lie on pavement."""
    z, hit = _query(flat, ceiling, index.road, _ROAD_SLACK_M)
    paved = hit >= 0
    normals = np.zeros((len(flat), 3))
    normals[:, 2] = 1.0
    normals[:, :2] = -index.road.planes[hit, :2] * (hit >= 0)[:, None]
    off = np.flatnonzero(hit < 0)
    if len(off):
        z[off], hit = _query(flat[off], np.full(len(off), np.inf), index.land, _LAND_SLACK_M)
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
    candidates = np.flatnonzero(_lowest(flat, index.road) < ceiling)
    found: list[Array] = []
    at = ceiling[candidates]
    for _ in range(MOST_LEVELS):
        z, hit = _query(flat[candidates], at, index.road, _ROAD_SLACK_M)
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

    Where ways of a junction overlap, one of them is returned.
    """
    index = ground_index(opendrive)
    ceiling = np.array([np.inf if near_z is None else near_z + _STEP_UP_M])
    _, hit = _query(np.array([[x, y]]), ceiling, index.road, _ROAD_SLACK_M)
    owner = int(index.owners[hit[0]]) if hit[0] >= 0 else -1
    if owner < 0:
        return None
    strip = pavement(opendrive).strips[owner]
    middle = 0.5 * (strip.inner + strip.outer)[:, :2]
    s = float(strip.s[np.argmin(np.hypot(*(middle - (x, y)).T))])
    for _ in range(6):
        cx, cy, heading = strip.road.plan.pose(s)
        along = (x - cx) * np.cos(heading) + (y - cy) * np.sin(heading)
        across = (y - cy) * np.cos(heading) - (x - cx) * np.sin(heading)
        scale = max(1.0 - float(across) * float(strip.road.plan.curvature(s)), 0.2)
        s = float(np.clip(s + along / scale, strip.s[0], strip.s[-1]))
    return LanePlace(strip.road, strip.section, strip.lane, s, float(across))


def _lowest(points: Array, index: _Index) -> Array:
    """Return how low (N,) roads reach in the cells of points (N, 2), inf where there are none."""
    counts = np.diff(index.first)
    floor = np.full(len(counts), np.inf)
    filled = np.flatnonzero(counts)
    floor[filled] = np.minimum.reduceat(index.low[index.members], index.first[filled])
    column, row = np.floor((points - (index.x0, index.y0)) / index.cell_m).astype(np.int64).T
    inside = (column >= 0) & (row >= 0) & (column < index.columns) & (row < index.rows)
    cell = np.where(inside, row * index.columns + column, 0)
    return np.where(inside, floor[cell], np.inf)


def _index(triangles: Array, cell_m: float, rank: Array) -> _Index:
    a, b, c = triangles[:, 0], triangles[:, 1], triangles[:, 2]
    normal = np.cross(b - a, c - a)
    flip = normal[:, 2] < 0.0
    b, c = np.where(flip[:, None], c, b), np.where(flip[:, None], b, c)
    normal = np.where(flip[:, None], -normal, normal)
    # Triangles without area get a plane but no inside.
    upright = np.maximum(normal[:, 2], 1e-12)
    slope = -normal[:, :2] / upright[:, None]
    planes = np.column_stack([slope, a[:, 2] - np.sum(slope * a[:, :2], axis=1)])
    edges = np.stack([_edge(p, q) for p, q in ((a, b), (b, c), (c, a))], axis=1)
    edges[normal[:, 2] < 1e-9] = (0.0, 0.0, -1.0)
    low, high = triangles[..., :2].min(axis=1), triangles[..., :2].max(axis=1)
    x0, y0 = low.min(axis=0)
    first_cell = np.floor((low - (x0, y0)) / cell_m).astype(np.int64)
    spans = np.floor((high - (x0, y0)) / cell_m).astype(np.int64) - first_cell + 1
    columns, rows = (first_cell + spans).max(axis=0)
    owners = np.repeat(np.arange(len(triangles)), spans.prod(axis=1))
    order = np.arange(len(owners)) - np.repeat(
        np.cumsum(spans.prod(axis=1)) - spans.prod(axis=1), spans.prod(axis=1)
    )
    column = first_cell[owners, 0] + order % spans[owners, 0]
    row = first_cell[owners, 1] + order // spans[owners, 0]
    cell = row * columns + column
    sorting = np.argsort(cell, kind="stable")
    first = np.searchsorted(cell[sorting], np.arange(columns * rows + 1))
    return _Index(
        float(x0),
        float(y0),
        cell_m,
        int(columns),
        int(rows),
        first.astype(np.int64),
        owners[sorting].astype(np.int32),
        planes,
        edges,
        rank.astype(np.int8),
        triangles[..., 2].min(axis=1),
    )


def _edge(p: Array, q: Array) -> Array:
    d = (q - p)[:, :2]
    normal = np.stack([-d[:, 1], d[:, 0]], axis=-1)
    length = np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    normal = normal / length
    return np.column_stack([normal, -np.sum(normal * p[:, :2], axis=1)])


def _query(
    points: Array, ceiling: Array, index: _Index, slack_m: float
) -> tuple[Array, NDArray[np.int64]]:
    result: tuple[Array, NDArray[np.int64]] = _lookup(
        points,
        ceiling,
        slack_m,
        index.x0,
        index.y0,
        index.cell_m,
        index.columns,
        index.rows,
        index.first,
        index.members,
        index.planes,
        index.edges,
        index.rank,
    )
    return result


@njit(cache=True)
def _lookup(
    points: Array,
    ceiling: Array,
    slack_m: float,
    x0: float,
    y0: float,
    cell_m: float,
    columns: int,
    rows: int,
    first: NDArray[np.int64],
    members: NDArray[np.int32],
    planes: Array,
    edges: Array,
    rank: NDArray[np.int8],
) -> tuple[Array, NDArray[np.int64]]:
    z = np.full(len(points), np.nan)
    hit = np.full(len(points), -1, np.int64)
    for i in range(len(points)):
        x, y = points[i, 0], points[i, 1]
        column, row = int(np.floor((x - x0) / cell_m)), int(np.floor((y - y0) / cell_m))
        if column < 0 or row < 0 or column >= columns or row >= rows:
            continue
        cell = row * columns + column
        for k in range(first[cell], first[cell + 1]):
            t = members[k]
            inside = True
            for e in range(3):
                if edges[t, e, 0] * x + edges[t, e, 1] * y + edges[t, e, 2] < -slack_m:
                    inside = False
                    break
            if not inside:
                continue
            height = planes[t, 0] * x + planes[t, 1] * y + planes[t, 2]
            if height > ceiling[i]:
                continue
            level = hit[i] >= 0 and abs(height - z[i]) < 0.02
            if hit[i] < 0 or (level and rank[t] > rank[hit[i]]) or (not level and height > z[i]):
                z[i] = height
                hit[i] = t
    return z, hit
