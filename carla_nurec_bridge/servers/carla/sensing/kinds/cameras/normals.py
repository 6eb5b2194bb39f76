"""Cameras of surface normals, encoded in CARLA's world axes."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from ...view import Camera, CameraSight, camera_kind


class NormalsCamera(Camera):
    """Sends which way surfaces look."""

    outputs = frozenset({"normals"})

    def image(self, seen: CameraSight) -> NDArray[np.uint8]:
        """Return BGRA (H, W, 4); x, y, z of -1 to 1 are red, green, blue of 0 to 255."""
        return np.asarray(_encode(seen.frame.normals))


@numba.njit(cache=True)
def _encode(normals):  # type: ignore[no-untyped-def]
    """Encode map-frame normals in CARLA's world axes (y mirrored)."""
    height, width = normals.shape[:2]
    image = np.empty((height, width, 4), np.uint8)
    for i in range(height):
        for j in range(width):
            image[i, j, 2] = np.uint8((0.5 + 0.5 * normals[i, j, 0]) * 255.0 + 0.5)
            image[i, j, 1] = np.uint8((0.5 - 0.5 * normals[i, j, 1]) * 255.0 + 0.5)
            image[i, j, 0] = np.uint8((0.5 + 0.5 * normals[i, j, 2]) * 255.0 + 0.5)
            image[i, j, 3] = 255
    return image


KIND = camera_kind("sensor.camera.normals", 2, NormalsCamera)
