"""Triangles in cells of a grid seen from above: which lie under a point, and how high."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...core.loading.compiled import compiled

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TriangleGrid:
    """Triangles by cell: those of cell k are ``members[first[k]:first[k + 1]]``.

    ``planes`` (T, 3) hold z = a x + b y + c, ``edges`` (T, 3, 3) a point is inside when
    e0 x + e1 y + e2 >= 0 for all three edges, ``rank`` (T,) orders triangles at one height,
    ``low`` (columns * rows,) is how low those of a cell reach, inf in empty ones.
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


def lowest_in_cell(points: Array, index: TriangleGrid) -> Array:
    """Return how low (N,) roads reach in the cells of points (N, 2), inf where there are none."""
    column, row = np.floor((points - (index.x0, index.y0)) / index.cell_m).astype(np.int64).T
    inside = (column >= 0) & (row >= 0) & (column < index.columns) & (row < index.rows)
    cell = np.where(inside, row * index.columns + column, 0)
    return np.where(inside, index.low[cell], np.inf)


def triangle_grid(triangles: Array, cell_m: float, rank: Array) -> TriangleGrid:
    """Sort triangles (T, 3, 3) into cells; at one height the highest rank counts."""
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
    members = owners[sorting].astype(np.int32)
    filled = np.flatnonzero(np.diff(first))
    low_z = np.full(columns * rows, np.inf)
    low_z[filled] = np.minimum.reduceat(triangles[..., 2].min(axis=1)[members], first[filled])
    return TriangleGrid(
        float(x0),
        float(y0),
        cell_m,
        int(columns),
        int(rows),
        first.astype(np.int64),
        members,
        planes,
        edges,
        rank.astype(np.int8),
        low_z,
    )


def _edge(p: Array, q: Array) -> Array:
    d = (q - p)[:, :2]
    normal = np.stack([-d[:, 1], d[:, 0]], axis=-1)
    length = np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    normal = normal / length
    return np.column_stack([normal, -np.sum(normal * p[:, :2], axis=1)])


def highest_below(
    points: Array, ceiling: Array, index: TriangleGrid, slack_m: float
) -> tuple[Array, NDArray[np.int64]]:
    """Return the height (N,) of the highest triangle at points (N, 2), none above ``ceiling`` (N,).

    The second value is which triangle it is. Points that lie up to ``slack_m`` outside of an edge
    count as inside; where there is none the height is NaN and the triangle -1.
    """
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


@compiled()
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
