"""Cameras of semantic tags."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...label_image import encode_labels
from ...view import Camera, CameraSight, camera_kind

NO_INSTANCES = np.zeros((0, 0), np.int32)


class SemanticCamera(Camera):
    """Sends the tag of every pixel."""

    outputs = frozenset({"semantic"})

    def image(self, seen: CameraSight) -> NDArray[np.uint8]:
        """Return BGRA (H, W, 4) with tags in red."""
        return np.asarray(encode_labels(seen.frame.semantic, NO_INSTANCES))


KIND = camera_kind("sensor.camera.semantic_segmentation", 14, SemanticCamera)
