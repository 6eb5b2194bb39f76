"""Cameras of tags in the colours of CityScapes, as Cosmos reads them."""

from __future__ import annotations

from functools import cache

import numpy as np
import yaml
from numpy.typing import NDArray

from ......core.resources import config_path
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
    text = config_path("carla", "semantic_tags.yaml").read_text(encoding="utf-8")
    table = np.zeros((256, 4), np.uint8)
    table[:, 3] = 255
    for row in yaml.safe_load(text)["tags"]:
        table[row["tag"], :3] = row["rgb"][::-1]
    return table


KIND = camera_kind("sensor.camera.cosmos_visualization", 16, CosmosCamera)
