"""Clouds of Gaussians in PLY files, as the hull around their centres."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from ..core.errors import InputError
from .surface import Surface

_END = b"end_header\n"
_TYPES = {"float": "<f4", "float32": "<f4", "double": "<f8", "float64": "<f8", "uchar": "u1",
          "uint8": "u1"}  # fmt: skip
_C0 = 0.28209479177387814
"""The constant spherical harmonic: a colour is 0.5 plus this times its coefficient."""
_LEAST_OPACITY = 0.1
_STRAY_PERCENT = 1.0
_LEAST_POINTS = 4


def decode_splats(data: bytes, what: str) -> Surface:
    """Return the convex hull of the Gaussians of a binary PLY, with their colours.

    Those that are nearly clear and the outermost percent along each axis are left out, where
    enough others remain. InputError names what does not fit.
    """
    rows = _rows(data, what)
    names = rows.dtype.names or ()
    points = np.stack([rows[axis] for axis in "xyz"], axis=-1).astype(np.float64)
    solid = np.isfinite(points).all(axis=1)
    if "opacity" in names:
        clear = 1.0 / (1.0 + np.exp(-np.clip(rows["opacity"].astype(np.float64), -60.0, 60.0)))
        solid &= clear >= _LEAST_OPACITY
    colours = _colours(rows)[solid]
    points = points[solid]
    if len(points) > 100 * _LEAST_POINTS:
        low, high = np.percentile(points, (_STRAY_PERCENT, 100.0 - _STRAY_PERCENT), axis=0)
        inner = np.all((points >= low) & (points <= high), axis=1)
        points, colours = points[inner], colours[inner]
    if len(points) < _LEAST_POINTS:
        raise InputError(f"{what} has {len(points)} points that can be seen; a body needs four")
    try:
        hull = ConvexHull(points)
    except QhullError as error:
        raise InputError(f"{what} is flat; a body is needed") from error
    corners = hull.simplices.astype(np.int32)
    normals = np.cross(
        points[corners[:, 1]] - points[corners[:, 0]], points[corners[:, 2]] - points[corners[:, 0]]
    )
    inwards = np.einsum("ij,ij->i", normals, hull.equations[:, :3]) < 0.0
    corners[inwards] = corners[inwards][:, ::-1]
    used, triangles = np.unique(corners, return_inverse=True)
    shape = triangles.reshape(-1, 3).astype(np.int32)
    return Surface(points[used].astype(np.float32), shape, colours[used])


def _rows(data: bytes, what: str) -> NDArray[np.void]:
    end = data.find(_END, 0, 1 << 16)
    lines = data[: max(end, 0)].decode("ascii", "replace").splitlines()
    if end < 0 or lines[:2] != ["ply", "format binary_little_endian 1.0"]:
        raise InputError(f"{what} is not a binary little-endian PLY file")
    count, fields = 0, []
    for line in lines[2:]:
        match line.split():
            case ["comment" | "obj_info", *_]:
                continue
            case ["element", "vertex", number] if number.isdecimal() and not count:
                count = int(number)
            case ["element", "face", "0"] | ["property", "list", *_]:
                continue
            case ["property", kind, name] if kind in _TYPES and count:
                fields.append((name, _TYPES[kind]))
            case _:
                raise InputError(f"{what}: the PLY header line {line!r} is not understood")
    names = [name for name, _ in fields]
    layout = np.dtype(fields) if len(set(names)) == len(names) else np.dtype([])
    begin = end + len(_END)
    if not {"x", "y", "z"} <= set(names) or len(data) - begin < count * layout.itemsize:
        raise InputError(f"{what} must hold {count} points with x, y, z")
    return np.frombuffer(data, layout, count, begin)


def _colours(rows: NDArray[np.void]) -> NDArray[np.uint8]:
    """Return uint8 (N, 3): the constant term of the harmonics, plain colours, or grey."""
    names = rows.dtype.names or ()
    if all(f"f_dc_{k}" in names for k in range(3)):
        terms = np.stack([rows[f"f_dc_{k}"] for k in range(3)], axis=-1).astype(np.float64)
        return np.clip(255.0 * (0.5 + _C0 * terms), 0.0, 255.0).astype(np.uint8)
    if all(name in names for name in ("red", "green", "blue")):
        return np.stack([rows[name] for name in ("red", "green", "blue")], axis=-1).astype(np.uint8)
    return np.full((len(rows), 3), 160, np.uint8)
