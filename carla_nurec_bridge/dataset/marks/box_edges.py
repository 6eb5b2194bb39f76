"""The edges of a 3D box as a camera sees them: curved by its lens, cut where it sees nothing."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from ...core.cameras.models import CameraModel
from ..truth import Box3D

Line = NDArray[np.float64]

_CORNERS = np.array(list(product((-0.5, 0.5), repeat=3)))
_EDGES = np.array(
    [(a, b) for a in range(8) for b in range(a) if (_CORNERS[a] != _CORNERS[b]).sum() == 1]
)
FRONT = np.flatnonzero((_CORNERS[_EDGES][:, :, 0] > 0).all(axis=1))
"""The numbers of the edges of the face that a box heads with."""
_STEPS = 65
_NEAREST_M = 0.05


def box_edges(box_camera: Box3D, model: CameraModel) -> list[Line]:
    """Return the lines (N, 2) of a box's edges in the image, px, N being 2 or more."""
    return [line for _, line in numbered_edges(box_camera, model)]


def numbered_edges(box_camera: Box3D, model: CameraModel) -> list[tuple[int, Line]]:
    """Return the same lines with the number of each one's edge.

    Each edge is followed point by point; what lies behind the camera or beyond the lens is left
    out. Points may lie beyond the image's edges.
    """
    pose = box_camera.frame_from_box()
    corners = _CORNERS * box_camera.size_m @ pose[:3, :3].T + pose[:3, 3]
    ends = corners[_EDGES]
    along = np.linspace(0.0, 1.0, _STEPS)[None, :, None]
    points = ends[:, :1] * (1 - along) + ends[:, 1:] * along
    pixels, on_image = model.project(points.reshape(-1, 3))
    known = (points[..., 2] > _NEAREST_M) & on_image.reshape(points.shape[:2])
    lines = []
    for number, edge in enumerate(pixels.reshape(*points.shape[:2], 2)):
        seen = known[number]
        if seen.all():
            lines.append((number, edge))
            continue
        borders = np.flatnonzero(np.diff(np.concatenate([[False], seen, [False]]).astype(np.int8)))
        spans = zip(borders[::2], borders[1::2], strict=True)
        lines += [(number, edge[a:b]) for a, b in spans if b - a > 1]
    return lines
