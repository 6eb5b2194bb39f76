"""What an output of CARLA's cameras is: a blueprint, a topic, and the picture in CARLA's bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..run_contract.topic import Topic

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class CameraOutput:
    """One kind of picture, in a file of ``core/rig/outputs`` that has its name.

    ``decode`` makes of CARLA's image the picture that is published: (H, W) or (H, W, channels)
    pixels of ROS's ``encoding``, for a cloud a structured array and no encoding. ``pixel_bytes``
    are those of a pixel at most. An output that compares a tick with the one before it is made at
    ``every_tick``. ``topic`` is the row of the table of topics, under ``topic_key``.
    """

    blueprint: str
    topic_key: str
    topic: Topic
    encoding: str
    pixel_bytes: int
    decode: Callable[[Any], NDArray[Any]]
    every_tick: bool = False


def camera_topic(name: str, type_name: str, meaning: str) -> Topic:
    """Return the row of what a camera sees, told in its optical axes."""
    return Topic(
        name,
        type_name,
        "{name}_optical_frame",
        "shutter close = frame",
        "sensor",
        "sensor",
        True,
        meaning,
    )


def bgra(image: Any) -> Pixels:
    """Return the bytes (H, W, 4) of CARLA's image: blue, green, red, alpha."""
    return np.frombuffer(image.raw_data, np.uint8).reshape(image.height, image.width, 4)


def colours(image: Any) -> Pixels:
    """Return red, green, blue (H, W, 3) of CARLA's image."""
    import cv2  # a tenth of a second, which readers of the table of topics need not wait

    return np.asarray(cv2.cvtColor(bgra(image), cv2.COLOR_BGRA2RGB), np.uint8)


def tags(image: Any) -> Pixels:
    """Return CARLA's labels (H, W): the red of semantic and of instance pictures."""
    import cv2

    return np.asarray(cv2.extractChannel(bgra(image), 2), np.uint8)
