"""Depth cameras: 24 bits of 1000 m in every pixel, the lowest ones in red."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from ...view import Camera, CameraSight, camera_kind

FARTHEST_M = 1000.0
DEPTH_STEPS = (1 << 24) - 1


class DepthCamera(Camera):
    """Sends how far surfaces are along its axis."""

    outputs = frozenset({"depth"})

    def image(self, seen: CameraSight) -> NDArray[np.uint8]:
        """Return BGRA (H, W, 4)."""
        return np.asarray(_encode(seen.frame.depth))


@numba.njit(cache=True)
def _encode(depth):  # type: ignore[no-untyped-def]
    height, width = depth.shape
    image = np.empty((height, width, 4), np.uint8)
    for i in range(height):
        for j in range(width):
            share = depth[i, j] / FARTHEST_M
            steps = DEPTH_STEPS if share >= 1.0 else np.int64(share * DEPTH_STEPS + 0.5)
            image[i, j, 0] = steps >> 16
            image[i, j, 1] = (steps >> 8) & 255
            image[i, j, 2] = steps & 255
            image[i, j, 3] = 255
    return image


KIND = camera_kind("sensor.camera.depth", 1, DepthCamera)
