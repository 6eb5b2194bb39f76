"""Colour cameras."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ...view import CameraSight, ExposedCamera, camera_kind


class RgbCamera(ExposedCamera):
    """Sends what it exposes, four bytes a pixel, blue first."""

    def image(self, seen: CameraSight) -> NDArray[np.uint8]:
        """Return BGRA (H, W, 4)."""
        assert seen.frame.rgb is not None
        return np.asarray(cv2.cvtColor(seen.frame.rgb, cv2.COLOR_RGB2BGRA), np.uint8)


KIND = camera_kind("sensor.camera.rgb", 13, RgbCamera)
