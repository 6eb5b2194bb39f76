"""Cameras of tags in the colours of CityScapes, as Cosmos reads them."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from ......world.semantic_tags import semantic_tags
from ...view import Camera, CameraSight, camera_kind


class CosmosCamera(Camera):
    """Sends the colour of every pixel's tag."""

    outputs = frozenset({"semantic"})

    def image(self, seen: CameraSight) -> NDArray[np.uint8]:
        """Return BGRA (H, W, 4)."""
        assert seen.frame.semantic is not None
        return palette()[seen.frame.semantic]


@cache
def palette() -> NDArray[np.uint8]:
    """Return BGRA (256, 4) of every tag, as CARLA's CityScapes converter colours them."""
    table = np.zeros((256, 4), np.uint8)
    table[:, 3] = 255
    for row in semantic_tags():
        table[row.tag, :3] = row.rgb[::-1]
    return table


KIND = camera_kind("sensor.camera.cosmos_visualization", 16, CosmosCamera)
