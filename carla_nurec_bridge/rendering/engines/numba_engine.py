"""An engine without native libraries: a tree per mesh, a list of boxed instances over them."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import carray, cfunc, types
from numpy.typing import NDArray

from .bvh import (
    STACK,
    Tree,
    build_tree,
    enters,
    hit_triangle,
)
from .jit import allocating, kernel
from .native import pointer_from_int
from .packet import (
    DIRECTION,
    FAR,
    GEOMETRY,
    HIT_SIZE,
    INSTANCE,
    LANES,
    ORIGIN,
    PRIMITIVE,
    RAY_SIZE,
    TIME,
    U,
    V,
    Y,
    Z,
)

f32 = np.float32
_SIGNATURE = types.void(types.intp, types.intp, types.intp, types.intp)

# Columns of the slot table: addresses and lengths.
_NODES, _NODE_COUNT, _CORNERS, _ORDER, _TRIANGLE_COUNT, _POSES, _STEPS, _COLUMNS = range(8)


class NumbaEngine:
    """Own the trees, and the tables that the compiled functions read."""

    name = "numba"

    def __init__(self) -> None:
        self._trees: list[Tree] = []
        self._kept: list[NDArray] = []
        self._root = np.zeros(3, np.intp)
        self.place([], [])

    @property
    def functions(self) -> tuple[int, int, tuple[int, int], int]:
        """Return the addresses that kernels take; see ``PacketEngine``.

        The one scene is the address of (number of slots, slot table, boxes).
        """
        return _intersect.address, _occluded.address, (int(self._root.ctypes.data), 0), 0

    def add_mesh(self, vertices: NDArray[np.float32], triangles: NDArray[np.int32]) -> int:
        """Build the tree of a mesh; see ``PacketEngine``."""
        self._trees.append(build_tree(vertices, triangles))
        return len(self._trees) - 1

    def place(self, meshes: Sequence[int], transforms: Sequence[NDArray[np.float32]]) -> None:
        """Show exactly these meshes; see ``PacketEngine``."""
        table = np.zeros((max(len(meshes), 1), _COLUMNS), np.intp)
        boxes = np.zeros((max(len(meshes), 1), 6), np.float32)
        kept: list[NDArray] = [table, boxes]
        for slot, (mesh, transform) in enumerate(zip(meshes, transforms, strict=True)):
            tree, poses = self._trees[mesh], np.ascontiguousarray(transform, np.float32)
            kept.append(poses)
            table[slot, _NODES] = tree.nodes.ctypes.data
            table[slot, _NODE_COUNT] = len(tree.nodes)
            table[slot, _CORNERS] = tree.corners.ctypes.data
            table[slot, _ORDER] = tree.order.ctypes.data
            table[slot, _TRIANGLE_COUNT] = len(tree.order)
            table[slot, _POSES] = poses.ctypes.data
            table[slot, _STEPS] = len(poses)
            boxes[slot] = _moved_box(tree.nodes[0, :6], poses)
        self._kept = kept
        self._root[:] = len(meshes), table.ctypes.data, boxes.ctypes.data

    def close(self) -> None:
        """Forget trees and placements; calling it again does nothing."""
        self._root[0] = 0
        self._trees, self._kept = [], []


def _moved_box(box: NDArray[np.float32], poses: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the box around a box at all poses, a little widened."""
    low, high = box[:3].astype(np.float64), box[3:].astype(np.float64)
    centre, half = (low + high) / 2, (high - low) / 2
    middle = poses[:, :, :3] @ centre + poses[:, :, 3]
    reach = np.abs(poses[:, :, :3]) @ half
    span = 1e-4 + 1e-5 * np.abs(middle).max()
    return np.concatenate(
        [(middle - reach).min(axis=0) - span, (middle + reach).max(axis=0) + span]
    ).astype(np.float32)


@allocating
def _mesh_from_map(poses, time, inverse):
    """Write the (3, 4) transform into the frame of a mesh at a time in [0, 1]."""
    steps = len(poses)
    first = min(int(time * f32(steps - 1)), max(steps - 2, 0))
    last = min(first + 1, steps - 1)
    part = time * f32(steps - 1) - f32(first)
    m = np.empty((3, 4), np.float32)
    for row in range(3):
        for column in range(4):
            start = poses[first, row, column]
            m[row, column] = start + part * (poses[last, row, column] - start)
    for row in range(3):
        i, j = (row + 1) % 3, (row + 2) % 3
        for column in range(3):
            k, n = (column + 1) % 3, (column + 2) % 3
            inverse[column, row] = m[i, k] * m[j, n] - m[i, n] * m[j, k]
    determinant = f32(0.0)
    for row in range(3):
        determinant += m[0, row] * inverse[row, 0]
    for row in range(3):
        moved = f32(0.0)
        for column in range(3):
            inverse[row, column] /= determinant
            moved += inverse[row, column] * m[column, 3]
        inverse[row, 3] = -moved


@kernel
def _walk(nodes, bits, corners, ox, oy, oz, dx, dy, dz, far, any_hit, stack):
    """Return (distance, position in the leaves or -1, u, v) of the first hit before ``far``."""
    ix, iy, iz = f32(1.0) / dx, f32(1.0) / dy, f32(1.0) / dz
    found, found_u, found_v = -1, f32(0.0), f32(0.0)
    if enters(nodes[0], ox, oy, oz, ix, iy, iz, far) == f32(np.inf):
        return far, found, found_u, found_v
    stack[0] = 0
    depth = 1
    while depth:
        depth -= 1
        node = stack[depth]
        count, first = bits[node, 6], bits[node, 7]
        if count > 0:
            for k in range(first, first + count):
                distance, u, v = hit_triangle(corners[k], ox, oy, oz, dx, dy, dz)
                if distance >= f32(0.0) and distance < far:
                    far, found, found_u, found_v = distance, k, u, v
                    if any_hit:
                        return far, found, found_u, found_v
            continue
        near = enters(nodes[first], ox, oy, oz, ix, iy, iz, far)
        other = enters(nodes[first + 1], ox, oy, oz, ix, iy, iz, far)
        swap = other < near
        later = first if swap else first + 1
        sooner = first + 1 if swap else first
        if max(near, other) < f32(np.inf):
            stack[depth] = later
            depth += 1
        if min(near, other) < f32(np.inf):
            stack[depth] = sooner
            depth += 1
    return far, found, found_u, found_v


@allocating
def _trace(valid_address, root_address, packet_address, any_hit):
    size = RAY_SIZE if any_hit else HIT_SIZE
    page = carray(pointer_from_int(packet_address), (size,), np.float32)
    page_i = carray(pointer_from_int(packet_address), (size,), np.int32)
    valid = carray(pointer_from_int(valid_address), (LANES,), np.int32)
    root = carray(pointer_from_int(root_address), (3,), np.intp)
    table = carray(pointer_from_int(root[1]), (max(root[0], 1), _COLUMNS), np.intp)
    boxes = carray(pointer_from_int(root[2]), (max(root[0], 1), 6), np.float32)
    stack = np.empty(2 * STACK, np.int32)
    m = np.empty((3, 4), np.float32)
    for lane in range(LANES):
        if not valid[lane]:
            continue
        x, y, z = page[ORIGIN + lane], page[ORIGIN + Y + lane], page[ORIGIN + Z + lane]
        dx, dy, dz = page[DIRECTION + lane], page[DIRECTION + Y + lane], page[DIRECTION + Z + lane]
        far = page[FAR + lane]
        for slot in range(root[0]):
            if table[slot, _TRIANGLE_COUNT] == 0:
                continue
            box = boxes[slot]
            away = enters(box, x, y, z, f32(1.0) / dx, f32(1.0) / dy, f32(1.0) / dz, far)
            if away == f32(np.inf):
                continue
            row = table[slot]
            nodes = carray(pointer_from_int(row[_NODES]), (row[_NODE_COUNT], 8), np.float32)
            bits = carray(pointer_from_int(row[_NODES]), (row[_NODE_COUNT], 8), np.int32)
            triangles = row[_TRIANGLE_COUNT]
            corners = carray(pointer_from_int(row[_CORNERS]), (triangles, 9), np.float32)
            poses = carray(pointer_from_int(row[_POSES]), (row[_STEPS], 3, 4), np.float32)
            _mesh_from_map(poses, page[TIME + lane], m)
            distance, found, u, v = _walk(
                nodes,
                bits,
                corners,
                m[0, 0] * x + m[0, 1] * y + m[0, 2] * z + m[0, 3],
                m[1, 0] * x + m[1, 1] * y + m[1, 2] * z + m[1, 3],
                m[2, 0] * x + m[2, 1] * y + m[2, 2] * z + m[2, 3],
                m[0, 0] * dx + m[0, 1] * dy + m[0, 2] * dz,
                m[1, 0] * dx + m[1, 1] * dy + m[1, 2] * dz,
                m[2, 0] * dx + m[2, 1] * dy + m[2, 2] * dz,
                far,
                any_hit,
                stack,
            )
            if found < 0:
                continue
            far = distance
            if any_hit:
                page[FAR + lane] = f32(-np.inf)
                break
            order = carray(pointer_from_int(row[_ORDER]), (triangles,), np.int32)
            page[FAR + lane] = distance
            page[U + lane], page[V + lane] = u, v
            page_i[PRIMITIVE + lane] = order[found]
            page_i[GEOMETRY + lane] = 0
            page_i[INSTANCE + lane] = slot


@cfunc(_SIGNATURE, cache=True)
def _intersect(valid_address, root_address, packet_address, _arguments):
    _trace(valid_address, root_address, packet_address, False)


@cfunc(_SIGNATURE, cache=True)
def _occluded(valid_address, root_address, packet_address, _arguments):
    _trace(valid_address, root_address, packet_address, True)
