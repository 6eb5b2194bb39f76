"""Where people may walk: sidewalks and crosswalks as convex polygons that share their corners."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ....core.loading.deferred import deferred
from ....opendrive.heights import levels_below
from ....opendrive.model import OpenDriveMap
from ....opendrive.raster import Mask, dense, grow, outlines
from ....opendrive.surface import Pavement, pavement
from ....town.street.marks import crosswalk_outlines

csgraph = deferred("scipy.sparse.csgraph")
sparse = deferred("scipy.sparse")
spatial = deferred("scipy.spatial")

Array = NDArray[np.float64]
Polygon = tuple[int, ...]

SIDEWALK, CROSSWALK = 1, 2
WALKED = frozenset({"sidewalk", "walking"})
MOST_CORNERS = 6
CORNER_STEP_M = 2.0
CORNERS_ALONG = 30_000
"""Edges longer than so many steps get longer steps: a Detour tile holds 65,534 corners."""
TOLERANCE_M = 0.12
BRIDGED_M = 2.0
EDGE_M = 0.25
SMALLEST_AREA_M2 = 8.0


@dataclass(frozen=True, eq=False)
class WalkArea:
    """Vertices (V, 3) in metres, map frame; polygons counter-clockwise seen from above.

    ``kinds`` holds ``SIDEWALK`` or ``CROSSWALK`` for each polygon of 3 to 6 corners. Polygons
    that touch share two corners.
    """

    vertices: Array
    polygons: tuple[Polygon, ...]
    kinds: tuple[int, ...]


def walk_area(road_map: OpenDriveMap) -> WalkArea | None:
    """Return where people may walk on a map, None when it has no sidewalk.

    Where roads lie above each other it is the lowest one's sidewalks: the client's pedestrians
    find their way in a plane.
    """
    built = pavement(road_map)
    lowest = _lowest(road_map, built)
    sidewalk = built.grid.empty()
    for strip, quads in zip(built.strips, lowest, strict=True):
        if strip.lane.type in WALKED:
            built.grid.paint(sidewalk, quads)
    if not sidewalk.any():
        return None
    crossing = _crossings(road_map, built)
    grid = built.grid
    inner = grow(sidewalk, -round(EDGE_M / grid.cell_m))
    reach = round(BRIDGED_M / grid.cell_m)
    whole: Mask = inner | crossing
    # A crossing often ends a little before the sidewalk that it leads to.
    whole |= grow(grow(whole, reach), -reach) & grow(crossing, reach)
    crossing &= 1 - inner
    loops = [*outlines(whole, grid, TOLERANCE_M), *outlines(crossing & whole, grid, TOLERANCE_M)]
    if not loops:
        return None
    flat = _corners(loops)
    triangles = spatial.Delaunay(flat).simplices
    triangles = triangles[_inside(flat, triangles, whole, built)]
    triangles, areas_m2 = _facing_up(flat, triangles)
    triangles = triangles[_large_parts(triangles, areas_m2)]
    if not len(triangles):
        return None
    rows, columns = grid.cells(flat[triangles].mean(axis=1))
    kinds = np.where(crossing[rows, columns] > 0, CROSSWALK, SIDEWALK)
    polygons, kinds_of = _merged(flat, triangles, kinds.tolist())
    used = np.unique(np.concatenate([np.array(p) for p in polygons]))
    renamed = {int(old): new for new, old in enumerate(used)}
    return WalkArea(
        np.column_stack([flat[used], _heights(lowest, flat[used])]),
        tuple(tuple(renamed[i] for i in polygon) for polygon in polygons),
        tuple(kinds_of),
    )


def _lowest(road_map: OpenDriveMap, built: Pavement) -> list[Array]:
    """Return of each strip the quads (N, 4, 3) that have no road below them."""
    quads = [x.quads()[keep] for x, keep in zip(built.strips, built.kept, strict=True)]
    ends = np.cumsum([len(x) for x in quads])
    every = np.concatenate(quads)
    middles = every.mean(axis=1)
    # Asked once for all strips: each call looks at the whole map.
    bridging, _ = levels_below(road_map, middles, middles[:, 2])
    lowest = np.ones(len(every), bool)
    lowest[bridging] = False
    return [x[keep] for x, keep in zip(quads, np.split(lowest, ends[:-1]), strict=True)]


def _crossings(road_map: OpenDriveMap, built: Pavement) -> Mask:
    mask = built.grid.empty()
    for outline in crosswalk_outlines(road_map):
        hull = cv2.convexHull(outline[:, :2].astype(np.float32))[:, 0]
        built.grid.paint(mask, hull[None].astype(np.float64))
    return mask


def _corners(loops: list[Array]) -> Array:
    """Return the corners (N, 2) of the mesh: large maps have them further apart, to have fewer."""
    length_m = sum(float(np.hypot(*(np.roll(x, -1, axis=0) - x).T).sum()) for x in loops)
    step_m = max(CORNER_STEP_M, length_m / CORNERS_ALONG)
    return np.unique(np.round(dense(loops, step_m), 3), axis=0)


def _inside(
    flat: Array, triangles: NDArray[np.int32], whole: Mask, built: Pavement
) -> NDArray[np.bool_]:
    """Tell which triangles lie within the area: their middles, and those of their sides."""
    corners = flat[triangles]
    inside = np.asarray(whole[built.grid.cells(corners.mean(axis=1))] > 0)
    wider = grow(whole, 1)
    for side in range(3):
        middle = 0.5 * (corners[:, side] + corners[:, (side + 1) % 3])
        inside &= wider[built.grid.cells(middle)] > 0
    return inside


def _facing_up(
    flat: Array, triangles: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    a, b, c = (flat[triangles[:, k]] for k in range(3))
    turn = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    real = np.abs(turn) > 1e-4
    turned = np.where((turn < 0.0)[:, None], triangles[:, ::-1], triangles)
    return turned[real], 0.5 * np.abs(turn[real])


def _large_parts(triangles: NDArray[np.int32], areas_m2: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which triangles belong to a connected part of some size."""
    _, links = _common_edges(triangles)
    count = len(triangles)
    graph = sparse.coo_matrix(
        (np.ones(len(links)), (links[:, 0], links[:, 1])), shape=(count, count)
    )
    _, part = csgraph.connected_components(graph, directed=False)
    return np.asarray(np.bincount(part, areas_m2)[part] >= SMALLEST_AREA_M2)


def _common_edges(triangles: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the corners (E, 2) of edges between two triangles, lower one first, and these two."""
    sides = np.stack([triangles, np.roll(triangles, -1, axis=1)], axis=-1).reshape(-1, 2)
    sides = np.sort(sides.astype(np.int64), axis=1)
    order = np.lexsort((sides[:, 1], sides[:, 0]))
    again = np.flatnonzero(np.all(sides[order[1:]] == sides[order[:-1]], axis=1))
    pairs = np.stack([order[again], order[again + 1]], axis=1)
    pairs = pairs[np.argsort(pairs[:, 0])]
    return sides[pairs[:, 0]], pairs // 3


def _merged(
    flat: Array, triangles: NDArray[np.int32], kinds: list[int]
) -> tuple[list[Polygon], list[int]]:
    """Join neighbours of one kind, longest common edge first, while they stay convex."""
    shapes: dict[int, Polygon] = {i: tuple(t) for i, t in enumerate(triangles.tolist())}
    owner = list(range(len(triangles)))

    def find(index: int) -> int:
        while owner[index] != index:
            owner[index] = owner[owner[index]]
            index = owner[index]
        return index

    edges, pairs = _common_edges(triangles)
    begin, end = flat[edges[:, 0]], flat[edges[:, 1]]
    longest_first = np.argsort(-np.hypot(*(begin - end).T), kind="stable")
    places: list[tuple[float, float]] = list(map(tuple, flat.tolist()))
    for a, b, first, second in np.hstack([edges, pairs])[longest_first].tolist():
        one, two = find(first), find(second)
        if one == two or kinds[one] != kinds[two]:
            continue
        joined = _joined(shapes[one], shapes[two], a, b)
        if joined is not None and _convex([places[i] for i in joined]):
            shapes[one] = joined
            del shapes[two]
            owner[two] = one
    return list(shapes.values()), [kinds[index] for index in shapes]


def _joined(one: Polygon, two: Polygon, a: int, b: int) -> Polygon | None:
    """Return two polygons as one, without the edge between corners ``a`` and ``b``."""
    if len(one) + len(two) - 2 > MOST_CORNERS:
        return None
    if one[(one.index(a) + 1) % len(one)] != b:
        a, b = b, a
    start = one.index(b)
    around = one[start:] + one[:start]
    start = two.index(a)
    rest = two[start:] + two[:start]
    return around + rest[1:-1] if rest[-1] == b else None


def _convex(corners: list[tuple[float, float]]) -> bool:
    (x0, y0), (x1, y1) = corners[-2:]
    for x2, y2 in corners:
        if (x1 - x0) * (y2 - y1) - (y1 - y0) * (x2 - x1) <= -1e-6:
            return False
        x0, y0, x1, y1 = x1, y1, x2, y2
    return True


def _heights(lowest: list[Array], flat: Array) -> Array:
    samples = np.concatenate(lowest).reshape(-1, 3)
    distance, nearest = spatial.cKDTree(samples[:, :2]).query(flat, k=min(4, len(samples)))
    distance, nearest = distance.reshape(len(flat), -1), nearest.reshape(len(flat), -1)
    weight = 1.0 / np.maximum(distance, 0.05) ** 2
    return np.asarray(np.sum(weight * samples[nearest, 2], axis=1) / np.sum(weight, axis=1))
