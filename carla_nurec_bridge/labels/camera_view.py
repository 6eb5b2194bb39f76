"""Boxes of the map as a camera of any lens sees them."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..core.cameras.models import CameraModel
from ..core.cameras.opencv_pinhole import OpenCVPinholeCamera
from ..core.frames import Matrix, invert
from ..world.states import Box, Size
from .frame import LabelledFrame
from .projection import NEAR_M, PinholeView

Array = NDArray[np.float64]

_STEPS = 33
"""Points of each edge of a box: between two of them a lens bends it by a small part of a pixel."""
_BESIDE: Array = np.array([[-1.0, -1.0]])


class CameraView(Protocol):
    """A camera at one moment, as truth needs it; ``PinholeView`` and ``LensView`` are."""

    width: int
    height: int
    position: Array

    def points(self, in_map: Array) -> Array:
        """Return points of the map (..., 3) in the camera's optical frame, metres."""

    def pixels(self, in_camera: Array) -> Array:
        """Return pixels (N, 2) of optical points before the camera, on the image or beside it."""

    def box_outline(self, map_from_box: Matrix, size_m: Size) -> Array:
        """Return pixels (N, 2) around a box; empty where none of it is before the camera."""

    def clipped_rectangle(self, pixels: Array) -> Array | None:
        """Return (left, top, right, bottom) of pixels (N, 2) within the image, None if outside."""


class LensView:
    """A camera at one moment whose lens may bend straight lines.

    Its boxes are those of an image that goes on for its own size on each side.
    """

    def __init__(self, model: CameraModel, map_from_camera: Matrix) -> None:
        self.width, self.height = model.width, model.height
        self.position = map_from_camera[:3, 3]
        self._margin = max(model.width, model.height)
        u, v = model.principal_point
        self._wide = replace(
            model,
            width=model.width + 2 * self._margin,
            height=model.height + 2 * self._margin,
            principal_point=(u + self._margin, v + self._margin),
        )
        self._camera_from_map = invert(map_from_camera)

    def points(self, in_map: Array) -> Array:
        """Return points of the map (..., 3) in the camera's optical frame, metres."""
        moved: Array = in_map @ self._camera_from_map[:3, :3].T + self._camera_from_map[:3, 3]
        return moved

    def pixels(self, in_camera: Array) -> Array:
        """Return pixels (N, 2) of optical points (N, 3), (-1, -1) for those far from the image."""
        pixels, seen = self._wide.project(in_camera)
        return np.where(seen[:, None], pixels - self._margin, _BESIDE)

    def box_outline(self, map_from_box: Matrix, size_m: Size) -> Array:
        """Return pixels (N, 2) around a box; empty where none of it is before the camera."""
        corners = Box(map_from_box, size_m).corners()
        share = np.linspace(0.0, 1.0, _STEPS)[:, None]
        edges = [
            corners[a] + share * (corners[b] - corners[a])
            for a in range(8)
            for b in range(a + 1, 8)
            if (a ^ b).bit_count() == 1
        ]
        points = self.points(np.concatenate(edges))
        pixels, seen = self._wide.project(points)
        if not seen.any() and points[:, 2].max() > NEAR_M:
            return _BESIDE
        return pixels[seen] - self._margin

    def clipped_rectangle(self, pixels: Array) -> Array | None:
        """Return (left, top, right, bottom) of pixels (N, 2) within the image, None if outside."""
        if not len(pixels):
            return None
        limit = np.array([self.width, self.height], np.float64)
        low = np.clip(pixels.min(axis=0), 0.0, limit)
        high = np.clip(pixels.max(axis=0), 0.0, limit)
        return np.concatenate([low, high]) if np.all(high > low) else None


def view_of(frame: LabelledFrame) -> CameraView:
    """Return the camera of a frame at its moment."""
    model = frame.model
    if isinstance(model, OpenCVPinholeCamera):
        bends = any((*model.radial, *model.tangential, *model.thin_prism))
        if not bends and model.windshield is None:
            return PinholeView(model, frame.map_from_camera)
    return LensView(model, frame.map_from_camera)
