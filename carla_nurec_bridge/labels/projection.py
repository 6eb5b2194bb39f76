"""Boxes, lines and areas of the map as a pinhole camera sees them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..core.cameras.opencv_pinhole import OpenCVPinholeCamera
from ..core.errors import InputError
from ..core.frames import Matrix, invert
from ..world.states import Box

Array = NDArray[np.float64]

NEAR_M = 0.1
# Faces of a box as numbers of its corners, counter-clockwise seen from outside.
FACES: NDArray[np.int64] = np.array(
    [[4, 6, 7, 5], [0, 1, 3, 2], [2, 3, 7, 6], [0, 4, 5, 1], [1, 5, 7, 3], [0, 2, 6, 4]]
)
"""Front, back, left, right, top, bottom."""
NORMALS: Array = np.array([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]])
_LATTICE: Array = np.array(
    [[x, y, z] for x in (-1.0, 0, 1) for y in (-1.0, 0, 1) for z in (-1.0, 0, 1)]
)
_SLACK_M, _SLACK = 0.5, 0.02


class PinholeView:
    """A pinhole camera at one moment."""

    def __init__(self, model: OpenCVPinholeCamera, map_from_camera: Matrix) -> None:
        """Take the camera; InputError when it bends straight lines."""
        bends = (*model.radial, *model.tangential, *model.thin_prism)
        if any(bends) or model.windshield is not None:
            raise InputError("maps and boxes are drawn for cameras without distortion only")
        self.width, self.height = model.width, model.height
        self._focal = np.array(model.focal_length)
        self._centre = np.array(model.principal_point)
        self.position = map_from_camera[:3, 3]
        self._camera_from_map = invert(map_from_camera)

    @property
    def focal_px(self) -> float:
        """The horizontal focal length in pixels."""
        return float(self._focal[0])

    def points(self, in_map: Array) -> Array:
        """Return points of the map (..., 3) in the camera's optical frame, metres."""
        moved: Array = in_map @ self._camera_from_map[:3, :3].T + self._camera_from_map[:3, 3]
        return moved

    def pixels(self, in_camera: Array) -> Array:
        """Return pixels (..., 2) of optical points before the camera, on the image or beside it."""
        flat: Array = in_camera[..., :2] / in_camera[..., 2:] * self._focal + self._centre
        return flat

    def pixels_before(self, in_map: Array) -> Array | None:
        """Return the pixels (N, 2) of points (N, 3) that all lie before the near plane, or None."""
        in_camera = self.points(in_map)
        return self.pixels(in_camera) if (in_camera[:, 2] >= NEAR_M).all() else None

    def polygon(self, in_map: Array) -> Array:
        """Return the outline (M, 2) in pixels of a flat polygon (N, 3); empty when behind."""
        return self.pixels(_before(self.points(in_map)))

    def segments(self, in_map: Array) -> tuple[Array, NDArray[np.int64]]:
        """Return (M, 2, 3): start and end of line segments (N, 2, 3) as pixel and depth.

        What lies behind the camera is cut off; the second result are the rows that are left.
        """
        ends = self.points(in_map)
        depth = ends[..., 2]
        kept = np.flatnonzero(depth.max(axis=1) > NEAR_M)
        ends, depth = ends[kept], depth[kept]
        for one, other in ((0, 1), (1, 0)):
            behind = depth[:, one] < NEAR_M
            share = (NEAR_M - depth[behind, one]) / (depth[behind, other] - depth[behind, one])
            way = ends[behind, other] - ends[behind, one]
            ends[behind, one] += share[:, None] * way
        return np.concatenate([self.pixels(ends), ends[..., 2:]], axis=-1), kept

    def box_outline(self, map_from_box: Matrix, size_m: tuple[float, float, float]) -> Array:
        """Return the pixels (N, 2) of all corners of a box and of its cuts with the near plane."""
        corners = Box(map_from_box, size_m).corners()
        whole = self.pixels_before(corners)
        if whole is not None:
            return whole
        return np.concatenate([self.polygon(corners[face]) for face in FACES])

    def clipped_rectangle(self, pixels: Array) -> Array | None:
        """Return (left, top, right, bottom) of pixels (N, 2) within the image, None if outside."""
        if not len(pixels):
            return None
        limit = np.array([self.width, self.height], np.float64)
        low = np.clip(pixels.min(axis=0), 0.0, limit)
        high = np.clip(pixels.max(axis=0), 0.0, limit)
        return np.concatenate([low, high]) if np.all(high > low) else None

    def visible_shares(
        self,
        depth_m: NDArray[np.float32],
        boxes: Sequence[tuple[Matrix, tuple[float, float, float]]],
    ) -> list[float]:
        """Return for each box (pose, size) what part of its 27 lattice points nothing hides.

        Points beside the image do not count. One is hidden when the depth picture (H, W) is
        0.5 m + 2 % nearer. A box with nothing before it has about a third: it hides its own far
        side. 0 when it is beside the image.
        """
        if not boxes:
            return []
        poses = np.array([pose for pose, _ in boxes])
        halves = np.array([size for _, size in boxes])[:, None] / 2.0
        turned = (_LATTICE * halves) @ poses[:, :3, :3].transpose(0, 2, 1)
        points = self.points(turned + poses[:, None, :3, 3])
        reach = points[..., 2]
        inside = reach > NEAR_M
        points[~inside] = 1.0
        at = np.floor(self.pixels(points)).astype(np.int64)
        inside &= np.all((at >= 0) & (at < (self.width, self.height)), axis=-1)
        at[~inside] = 0
        seen = inside & (depth_m[at[..., 1], at[..., 0]] >= reach - (_SLACK_M + _SLACK * reach))
        counts = np.maximum(inside.sum(axis=1), 1)
        shares: list[float] = (seen.sum(axis=1) / counts).tolist()
        return shares


def _before(polygon: Array) -> Array:
    """Return the part (M, 3) of a polygon (N, 3) that lies before the near plane."""
    if (polygon[:, 2] >= NEAR_M).all():
        return polygon
    kept = []
    for here, then in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if here[2] >= NEAR_M:
            kept.append(here)
        if (here[2] >= NEAR_M) != (then[2] >= NEAR_M):
            kept.append(here + (NEAR_M - here[2]) / (then[2] - here[2]) * (then - here))
    return np.array(kept).reshape(-1, 3)
