"""How surfaces move in the picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera_output import CameraOutput, camera_topic


def flow_px(image: Any) -> NDArray[np.float32]:
    """Return the motion (H, W, 2) in pixels, right and down; CARLA counts in image sizes."""
    raw = np.frombuffer(image.raw_data, np.float32).reshape(image.height, image.width, 2)
    scaled: NDArray[np.float32] = raw * np.array([image.width, image.height], np.float32)
    return scaled


KIND = CameraOutput(
    "sensor.camera.optical_flow",
    "flow",
    camera_topic(
        "camera/{name}/flow/image_raw",
        "sensor_msgs/msg/Image",
        "32FC2, motion since the picture before in pixels, right and down (CARLA cameras)",
    ),
    "32FC2",
    8,
    flow_px,
    every_tick=True,
)
