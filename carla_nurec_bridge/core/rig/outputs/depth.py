"""How far surfaces are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera_output import CameraOutput, bgra, camera_topic


def depth_m(image: Any) -> NDArray[np.float32]:
    """Return metres along the optical axis (H, W) of CARLA's 24-bit depth picture."""
    value = bgra(image).view(">u4")[..., 0].astype(np.uint32)
    value >>= np.uint32(8)
    # Numpy does this in pieces that stay in the cache: whole pictures of float64 take far longer.
    metres = np.empty(value.shape, np.float32)
    np.multiply(value, np.float64(1000.0 / (2**24 - 1)), out=metres, casting="same_kind")
    return metres


KIND = CameraOutput(
    "sensor.camera.depth",
    "depth",
    camera_topic(
        "camera/{name}/depth/image_raw",
        "sensor_msgs/msg/Image",
        "32FC1, metres along the optical axis (CARLA cameras)",
    ),
    "32FC1",
    4,
    depth_m,
)
