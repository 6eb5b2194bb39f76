"""What kernels look up about a hit: tables by triangle and by instance slot."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..engines.packet import (
    ALBEDO,
    CORNER,
    GRAIN,
    LANES,
    MIRROR,
    MIRROR_RISE,
    NORMAL,
    OBJECT,
    PAINTED,
    PATCHES,
    REFLECTIVITY,
    SHINE,
    SURFACE,
    SURFACE_COLUMNS,
    TAG,
)
from ..mesh import (
    GLASS,
    LIGHT,
    MATTE,
    PAINT,
    Mesh,
)

# By CARLA label, for matte surfaces: reflectivity at lidar wavelengths, strength of the fine grain
# and of the wide patches. Labels not named reflect by brightness and are even.
_MATTE_LOOK = {
    1: (0.12, 0.20, 0.16),
    2: (0.30, 0.12, 0.12),
    3: (0.40, 0.05, 0.08),
    4: (0.35, 0.08, 0.12),
    7: (0.45, 0.00, 0.00),
    8: (0.90, 0.00, 0.00),
    9: (0.50, 0.35, 0.35),
    10: (0.35, 0.30, 0.35),
    24: (0.75, 0.12, 0.14),
    25: (0.25, 0.20, 0.25),
}
# Pairs of faces that are compared at once, which bounds the memory.
_MOST_PAIRS = 1 << 20
# By finish: what is mirrored seen straight and how much more at a grazing angle.
_MIRROR = {PAINT: (0.04, 0.45), GLASS: (0.10, 0.75)}


class SurfaceTable(NamedTuple):
    """Hold the properties of T triangles of all meshes, one after the other.

    * rows: float32 (T, 16): columns as the rows from ``packet.SURFACE`` on; label, object id and
      corner row are int32 bit patterns.
    * corners: float32 (C, 9): unit normals (mesh frame) at the corners of smooth triangles.
    """

    rows: NDArray[np.float32]
    corners: NDArray[np.float32]


class SlotTable(NamedTuple):
    """Hold S instance slots; slot 0 is the static mesh.

    * first: int32 (S,), first row of the slot's mesh in the surface table.
    * identity: int32 (S,), instance id; not read for slot 0.
    * rotation: float32 (S, 2, 3, 3), map_from_mesh rotation at the start and end of the motion.
    * paint: float32 (S, 4), linear red, green, blue, and 1 where the instance has a colour.
    """

    first: NDArray[np.int32]
    identity: NDArray[np.int32]
    rotation: NDArray[np.float32]
    paint: NDArray[np.float32]


def linear_from_srgb(srgb: NDArray) -> NDArray[np.float32]:
    """Return linear light in [0, 1] of sRGB values in [0, 255]."""
    value = np.asarray(srgb, np.float32) / np.float32(255.0)
    bent = ((value + 0.055) / 1.055) ** 2.4
    return np.where(value <= 0.04045, value / 12.92, bent).astype(np.float32)


def surface_rows(mesh: Mesh, first_corner: int | None) -> NDArray[np.float32]:
    """Return the rows (T, 16) of a mesh.

    ``first_corner`` is the row of its first triangle in ``SurfaceTable.corners``, None when it is
    not smooth.
    """
    count = len(mesh.triangles)
    rows = np.zeros((count, SURFACE_COLUMNS), np.float32)
    bits = rows.view(np.int32)

    def column(row: int) -> int:
        return (row - SURFACE) // LANES

    finish = mesh.colours[:, 3]
    linear = linear_from_srgb(mesh.colours[:, :3])
    rows[:, column(NORMAL) : column(NORMAL) + 3] = face_normals(mesh)
    rows[:, column(ALBEDO) : column(ALBEDO) + 3] = linear
    for kind, (mirror, rise) in _MIRROR.items():
        rows[finish == kind, column(MIRROR)] = mirror
        rows[finish == kind, column(MIRROR_RISE)] = rise
    rows[:, column(SHINE)] = finish == LIGHT
    rows[:, column(PAINTED)] = finish == PAINT
    rows[:, column(REFLECTIVITY)] = _reflectivity(linear, finish)
    for label, (reflectivity, grain, patches) in _MATTE_LOOK.items():
        chosen = (finish == MATTE) & (mesh.tags == label)
        rows[chosen, column(REFLECTIVITY)] = reflectivity
        rows[chosen, column(GRAIN)] = grain
        rows[chosen, column(PATCHES)] = patches
    bits[:, column(TAG)] = mesh.tags
    bits[:, column(OBJECT)] = mesh.objects
    bits[:, column(CORNER)] = -1 if first_corner is None else first_corner + np.arange(count)
    return rows


def face_normals(mesh: Mesh) -> NDArray[np.float32]:
    """Return the unit normal (T, 3) of each triangle; +z for one without area."""
    a, b, c = (mesh.vertices[mesh.triangles[:, k]].astype(np.float64) for k in range(3))
    normal = np.cross(b - a, c - a)
    length = np.linalg.norm(normal, axis=1)
    flat = length < 1e-20
    normal[flat], length[flat] = (0.0, 0.0, 1.0), 1.0
    return (normal / length[:, None]).astype(np.float32)


def corner_normals(mesh: Mesh, crease_deg: float = 40.0) -> NDArray[np.float32]:
    """Return smooth unit normals (T, 9) at the corners of each triangle.

    Faces of one finish that meet in a point and are within the crease angle of each other share a
    normal, weighted by area.
    """
    faces = face_normals(mesh).astype(np.float64)
    a, b, c = (mesh.vertices[mesh.triangles[:, k]].astype(np.float64) for k in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    order, first, count = _meetings(mesh)
    around = order // 3
    normals, areas = faces[around], area[around]
    limit = np.cos(np.radians(crease_deg))
    result = np.empty((len(order), 3))
    pairs = np.cumsum(count)
    begin = 0
    while begin < len(order):
        done = pairs[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(pairs, done + _MOST_PAIRS, "right")))
        counts = count[begin:end]
        starts = np.cumsum(counts) - counts
        other = np.repeat(first[begin:end] - starts, counts)
        other += np.arange(len(other))
        theirs = normals.take(other, axis=0)
        own = np.repeat(normals[begin:end], counts, axis=0)
        near = np.einsum("nk,nk->n", own, theirs) >= limit
        weighted = (near * areas[other])[:, None] * theirs
        result[order[begin:end]] = np.add.reduceat(weighted, starts, axis=0)
        begin = end
    result /= np.maximum(np.linalg.norm(result, axis=1, keepdims=True), 1e-12)
    return result.reshape(-1, 9).astype(np.float32)


def _meetings(mesh: Mesh) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the corners (N,) ordered so that those of one point and finish follow each other.

    Beside it, for each in that order, where those that it meets begin and how many they are.
    """
    finish = np.repeat(mesh.colours[:, 3].astype(np.int64), 3)
    grid = np.round(mesh.vertices[mesh.triangles].reshape(-1, 3) / 1e-4).astype(np.int64)
    order = np.lexsort((finish, *grid.T))
    sorted_points = np.column_stack([grid, finish])[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (sorted_points[1:] != sorted_points[:-1]).any(axis=1)
    starts = np.flatnonzero(new)
    sizes = np.diff(starts, append=len(order))
    return order, np.repeat(starts, sizes), np.repeat(sizes, sizes)


def _reflectivity(linear: NDArray[np.float32], finish: NDArray[np.uint8]) -> NDArray[np.float32]:
    reflectivity = 0.1 + 0.75 * (linear @ np.array([0.35, 0.45, 0.20], np.float32))
    reflectivity[finish == PAINT] *= 0.8
    reflectivity[finish == GLASS] = 0.06
    reflectivity[finish == LIGHT] = 0.8
    return np.clip(reflectivity, 0.02, 1.0).astype(np.float32)
