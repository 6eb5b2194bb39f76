"""Clouds of Gaussians in PLY files, as surfaces: a small opaque disc for each of them.

Colours are the constant term of the spherical harmonics; scales are logarithms, rotations
(w, x, y, z), opacities logits, as 3D Gaussian splatting writes them. Points without scales and
rotations are given a convex hull.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ...core.loading.deferred import deferred
from ...gaussians.formats.compressed_ply import is_compressed
from ...gaussians.formats.ply import decode_ply, encode_ply
from ...gaussians.formats.ply_table import PlyHeader, read_header, read_tables
from ...gaussians.harmonics import C0
from .surface import Surface

spatial = deferred("scipy.spatial")
transform = deferred("scipy.spatial.transform")

_LEAST_OPACITY = 0.1
_STRAY_PERCENT = 1.0
_LEAST_POINTS = 4
_MOST_DISCS = 60_000
_REACH_SIGMA = 1.6
"""Half a disc's diagonal in standard deviations: neighbours overlap, edges stay sharp."""
_SHAPE = ("scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3")

Rows = NDArray[np.void]


def holds_triangles(header: PlyHeader) -> bool:
    """Say whether a PLY of this header is a mesh."""
    faces = header.element("face")
    return faces is not None and faces.rows > 0


def holds_splats(header: PlyHeader) -> bool:
    """Say whether a PLY of this header holds Gaussians, not triangles or bare points."""
    vertex = header.element("vertex")
    plain = vertex is not None and {"scale_0", "rot_0"} <= set(vertex.properties)
    return not holds_triangles(header) and (plain or is_compressed(header))


def decode_splats(data: bytes, what: str) -> Surface:
    """Return the surface of the Gaussians, or of the points, of a PLY, compressed ones too.

    Those that are nearly clear and the outermost percent along each axis are left out, where
    enough others remain; of more than 60,000 the most visible are kept. InputError names what
    does not fit.
    """
    rows = _visible(_rows(data, what))
    if len(rows) < _LEAST_POINTS:
        raise InputError(f"{what} has {len(rows)} points that can be seen; a body needs four")
    names = rows.dtype.names or ()
    return _discs(rows) if all(name in names for name in _SHAPE) else _hull(rows, what)


def _visible(rows: Rows) -> Rows:
    rows = rows[np.isfinite(_columns(rows, "xyz")).all(axis=1)]
    if "opacity" in (rows.dtype.names or ()):
        rows = rows[_opacity(rows) >= _LEAST_OPACITY]
    points = _columns(rows, "xyz")
    if len(rows) > 100 * _LEAST_POINTS:
        low, high = np.percentile(points, (_STRAY_PERCENT, 100.0 - _STRAY_PERCENT), axis=0)
        margin = 0.05 * (high - low)
        rows = rows[np.all((points >= low - margin) & (points <= high + margin), axis=1)]
    return rows


def _discs(rows: Rows) -> Surface:
    """Return a square for each Gaussian along its two longer axes."""
    scales = np.exp(np.clip(_columns(rows, _SHAPE[:3]), -20.0, 5.0))
    longest = np.sort(scales, axis=1)
    shown = longest[:, 2] * longest[:, 1]
    if "opacity" in (rows.dtype.names or ()):
        shown = shown * _opacity(rows)
    kept = np.sort(np.argsort(-shown, kind="stable")[:_MOST_DISCS])
    rows, scales = rows[kept], scales[kept]
    quaternions = _columns(rows, ("rot_1", "rot_2", "rot_3", "rot_0"))
    lengths = np.linalg.norm(quaternions, axis=1)
    usable = np.isfinite(lengths) & (lengths > 1e-9)
    quaternions[~usable] = (0.0, 0.0, 0.0, 1.0)
    axes = transform.Rotation.from_quat(quaternions).as_matrix() * (
        _REACH_SIGMA * scales[:, None, :]
    )
    order = np.argsort(-scales, axis=1, kind="stable")[:, :2]
    each = np.arange(len(rows))
    first, second = (axes[each, :, order[:, k]] for k in (0, 1))
    centres = _columns(rows, "xyz")
    corners = np.stack([centres + first, centres + second, centres - first, centres - second], 1)
    triangles = 4 * each[:, None, None] + np.array([[0, 1, 2], [0, 2, 3]])
    return Surface(
        corners.reshape(-1, 3).astype(np.float32),
        triangles.reshape(-1, 3).astype(np.int32),
        np.repeat(_colours(rows), 4, axis=0),
    )


def _hull(rows: Rows, what: str) -> Surface:
    points, colours = _columns(rows, "xyz"), _colours(rows)
    try:
        hull = spatial.ConvexHull(points)
    except spatial.QhullError as error:
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


def _rows(data: bytes, what: str) -> Rows:
    header = read_header(data, what)
    if is_compressed(header):
        return _rows(encode_ply(decode_ply(data, what).static), what)
    rows = read_tables(data, header, ("vertex",), what).get("vertex")
    if rows is None or not {"x", "y", "z"} <= set(rows.dtype.names or ()):
        raise InputError(f"{what} must hold points with x, y, z")
    return rows


def _columns(rows: Rows, names: str | tuple[str, ...]) -> NDArray[np.float64]:
    return np.stack([rows[name] for name in names], axis=-1).astype(np.float64)


def _opacity(rows: Rows) -> NDArray[np.float64]:
    logits = np.nan_to_num(rows["opacity"].astype(np.float64), nan=-60.0)
    solid: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-np.clip(logits, -60.0, 60.0)))
    return solid


def _colours(rows: Rows) -> NDArray[np.uint8]:
    """Return uint8 (N, 3): the constant term of the harmonics, plain colours, or grey."""
    names = rows.dtype.names or ()
    if all(f"f_dc_{k}" in names for k in range(3)):
        terms = _columns(rows, ("f_dc_0", "f_dc_1", "f_dc_2"))
        return np.clip(255.0 * (0.5 + C0 * terms), 0.0, 255.0).astype(np.uint8)
    if all(name in names and rows.dtype[name] == np.uint8 for name in ("red", "green", "blue")):
        return _columns(rows, ("red", "green", "blue")).astype(np.uint8)
    return np.full((len(rows), 3), 160, np.uint8)
