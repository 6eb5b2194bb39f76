"""A tree of boxes over a mesh's triangles, built and walked in numba.

A node is float32 (8,): lowest corner, highest corner, then two int32 bit patterns: a count n and an
index i. n > 0: a leaf of triangles i to i + n. n = 0: an inner node with children i and i + 1.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .jit import allocating, inlined, kernel

f32 = np.float32
_BINS = 16
_LEAF = 4
STACK = 64


class Tree(NamedTuple):
    """Hold the nodes of a tree and its triangles in the order of the leaves.

    * nodes: float32 (N, 8), see the module.
    * corners: float32 (T, 9), the three corners of each triangle.
    * order: int32 (T,), row of each triangle in the mesh.
    """

    nodes: NDArray[np.float32]
    corners: NDArray[np.float32]
    order: NDArray[np.int32]


def build_tree(vertices: NDArray[np.float32], triangles: NDArray[np.int32]) -> Tree:
    """Return the tree of (V, 3) vertices and (T, 3) triangles; do not walk one of no triangles."""
    corners = np.ascontiguousarray(vertices[triangles].reshape(-1, 9), dtype=np.float32)
    if not len(corners):
        return Tree(np.zeros((1, 8), np.float32), corners, np.zeros(0, np.int32))
    nodes = np.zeros((2 * len(corners), 8), np.float32)
    order = np.arange(len(corners), dtype=np.int32)
    used = _split_all(corners, nodes, nodes.view(np.int32), order)
    return Tree(nodes[:used].copy(), np.ascontiguousarray(corners[order]), order)


@kernel
def _bounds(low, high, order, begin, end, node):
    """Write the box around triangles ``order[begin:end]`` to a node."""
    for axis in range(3):
        node[axis], node[3 + axis] = f32(np.inf), f32(-np.inf)
    for k in range(begin, end):
        triangle = order[k]
        for axis in range(3):
            node[axis] = min(node[axis], low[triangle, axis])
            node[3 + axis] = max(node[3 + axis], high[triangle, axis])


@allocating
def _best_split(low, high, order, begin, end):
    """Return the axis and centre (twice) at which splitting costs least, or axis -1.

    Cost: area of each side's box times its number of triangles, tried at 16 bins an axis.
    """
    best_axis, best_at, best_cost = -1, f32(0.0), f32(np.inf)
    count = np.empty(_BINS, np.int32)
    box = np.empty((_BINS, 6), np.float32)
    right = np.empty(_BINS, np.float32)
    around = np.empty(6, np.float32)
    for axis in range(3):
        first, last = f32(np.inf), f32(-np.inf)
        for k in range(begin, end):
            centre = low[order[k], axis] + high[order[k], axis]
            first, last = min(first, centre), max(last, centre)
        if not last > first:
            continue
        scale = f32(_BINS) / (last - first)
        count[:] = 0
        box[:, :3], box[:, 3:] = f32(np.inf), f32(-np.inf)
        for k in range(begin, end):
            triangle = order[k]
            centre = low[triangle, axis] + high[triangle, axis]
            b = min(int((centre - first) * scale), _BINS - 1)
            count[b] += 1
            for side in range(3):
                box[b, side] = min(box[b, side], low[triangle, side])
                box[b, 3 + side] = max(box[b, 3 + side], high[triangle, side])
        total = 0
        around[:3], around[3:] = f32(np.inf), f32(-np.inf)
        for b in range(_BINS - 1, 0, -1):
            total += count[b]
            right[b] = _grow(around, box[b]) * f32(total)
        total = 0
        around[:3], around[3:] = f32(np.inf), f32(-np.inf)
        for b in range(_BINS - 1):
            total += count[b]
            cost = _grow(around, box[b]) * f32(total) + right[b + 1]
            if total > 0 and total < end - begin and cost < best_cost:
                best_axis, best_cost = axis, cost
                best_at = first + f32(b + 1) / scale
    return best_axis, best_at


@kernel
def _grow(around, box):
    """Widen a box by another; return half its area."""
    for side in range(3):
        around[side] = min(around[side], box[side])
        around[3 + side] = max(around[3 + side], box[3 + side])
    if not around[3] >= around[0]:
        return f32(0.0)
    x, y, z = around[3] - around[0], around[4] - around[1], around[5] - around[2]
    return x * y + y * z + z * x


@inlined
def _put_off(work, at, node, begin, end, depth):
    """Write what is to be split later; a row that is given an array takes 3 s to compile."""
    work[at, 0], work[at, 1], work[at, 2], work[at, 3] = node, begin, end, depth


@allocating
def _split_all(corners, nodes, bits, order):
    """Fill the nodes and sort the order; return the number of nodes."""
    count = len(corners)
    low, high = np.empty((count, 3), np.float32), np.empty((count, 3), np.float32)
    for k in range(count):
        for axis in range(3):
            a, b, c = corners[k, axis], corners[k, 3 + axis], corners[k, 6 + axis]
            low[k, axis] = min(a, min(b, c))
            high[k, axis] = max(a, max(b, c))
    # Depth is bounded by splitting in the middle of the list below the 40th level.
    work = np.empty((2 * STACK + 2, 4), np.int64)
    _put_off(work, 0, 0, 0, count, 0)
    waiting, used = 1, 1
    while waiting:
        waiting -= 1
        node, begin, end, depth = work[waiting]
        _bounds(low, high, order, begin, end, nodes[node])
        if end - begin <= _LEAF:
            bits[node, 6], bits[node, 7] = end - begin, begin
            continue
        axis, at = _best_split(low, high, order, begin, end) if depth < 40 else (-1, f32(0.0))
        middle = begin
        if axis >= 0:
            for k in range(begin, end):
                triangle = order[k]
                if low[triangle, axis] + high[triangle, axis] < at:
                    order[k], order[middle] = order[middle], triangle
                    middle += 1
        if middle in (begin, end):
            middle = (begin + end) // 2
        bits[node, 6], bits[node, 7] = 0, used
        _put_off(work, waiting, used, begin, middle, depth + 1)
        _put_off(work, waiting + 1, used + 1, middle, end, depth + 1)
        waiting += 2
        used += 2
    return used


@inlined
def enters(node, ox, oy, oz, ix, iy, iz, far):
    """Return the distance at which a ray enters a node's box, or inf when it does not by ``far``.

    ``ix``, ``iy``, ``iz`` are the inverse direction. The far side is widened by a few units in the
    last place, so that rounding does not lose a hit.
    """
    x0, x1 = (node[0] - ox) * ix, (node[3] - ox) * ix
    y0, y1 = (node[1] - oy) * iy, (node[4] - oy) * iy
    z0, z1 = (node[2] - oz) * iz, (node[5] - oz) * iz
    begin = max(max(min(x0, x1), min(y0, y1)), max(min(z0, z1), f32(0.0)))
    end = min(min(max(x0, x1), max(y0, y1)), max(z0, z1)) * f32(1.0000004)
    return begin if begin <= min(end, far) else f32(np.inf)


@kernel
def hit_triangle(corner, ox, oy, oz, dx, dy, dz):
    """Return distance, u and v at which a ray meets a triangle, or (inf, 0, 0).

    The signs of three volumes, ray against each edge seen from the origin, decide; neighbours
    compute the same number for a shared edge, so no ray slips between them.
    """
    ax, ay, az = corner[0] - ox, corner[1] - oy, corner[2] - oz
    bx, by, bz = corner[3] - ox, corner[4] - oy, corner[5] - oz
    cx, cy, cz = corner[6] - ox, corner[7] - oy, corner[8] - oz
    u = _edge(cx, cy, cz, ax, ay, az, dx, dy, dz)
    v = _edge(ax, ay, az, bx, by, bz, dx, dy, dz)
    w = _edge(bx, by, bz, cx, cy, cz, dx, dy, dz)
    total = u + v + w
    slack = f32(1.2e-7) * abs(total)
    if not (min(u, min(v, w)) >= -slack or max(u, max(v, w)) <= slack):
        return f32(np.inf), f32(0.0), f32(0.0)
    px, py, pz = bx - ax, by - ay, bz - az
    qx, qy, qz = cx - ax, cy - ay, cz - az
    nx, ny, nz = py * qz - pz * qy, pz * qx - px * qz, px * qy - py * qx
    along = nx * dx + ny * dy + nz * dz
    if along == f32(0.0) or total == f32(0.0):
        return f32(np.inf), f32(0.0), f32(0.0)
    return (nx * ax + ny * ay + nz * az) / along, u / total, v / total


@inlined
def _edge(ax, ay, az, bx, by, bz, dx, dy, dz):
    """Return the volume between a ray from the origin and the edge from a to b."""
    ex, ey, ez = ax - bx, ay - by, az - bz
    sx, sy, sz = ax + bx, ay + by, az + bz
    return (ey * sz - ez * sy) * dx + (ez * sx - ex * sz) * dy + (ex * sy - ey * sx) * dz
