"""Cameras of tags and instances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...label_image import encode_labels
from ...view import Camera, CameraSight, camera_kind


class InstanceCamera(Camera):
    """Sends tag and actor of every pixel."""

    outputs = frozenset({"semantic", "instance"})

    def image(self, seen: CameraSight) -> NDArray[np.uint8]:
        """Return BGRA (H, W, 4) with tags in red, actors' ids in green and blue."""
        return np.asarray(encode_labels(seen.frame.semantic, seen.frame.instance))


KIND = camera_kind("sensor.camera.instance_segmentation", 15, InstanceCamera)
