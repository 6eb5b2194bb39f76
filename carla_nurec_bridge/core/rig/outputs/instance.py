"""Whose surfaces are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...semantic_tag import Tag
from ..camera_output import CameraOutput, bgra, camera_topic, tags

_MOVING_TAGS = (12, 19)
"""CARLA's labels of pedestrians, riders and all vehicles, first and last."""
_PROP_TAG = Tag.DYNAMIC
"""CARLA's label Dynamic, which props have that can be moved."""


def pixel_ids(image: Any) -> NDArray[np.int32]:
    """Return the 16-bit id (H, W) of what moves at each pixel, 0 elsewhere.

    CARLA writes the label in red and the id's low and high bytes in green and blue.
    """
    import cv2

    ids = bgra(image).view(">u2")[..., 0].astype(np.int32)
    label = tags(image)
    ids *= (cv2.inRange(label, *_MOVING_TAGS) != 0) | (label == _PROP_TAG)
    return ids


KIND = CameraOutput(
    "sensor.camera.instance_segmentation",
    "instance",
    camera_topic(
        "camera/{name}/instance/image_raw",
        "sensor_msgs/msg/Image",
        "32SC1, actor id, 0 = no actor, -1 = one of several whose ids end in the "
        "same 16 bits, all that CARLA's pictures hold (CARLA cameras)",
    ),
    "32SC1",
    4,
    pixel_ids,
)
