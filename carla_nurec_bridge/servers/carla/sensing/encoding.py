"""Pictures as CARLA sends them: four bytes a pixel, blue first."""

from __future__ import annotations

from functools import cache

import cv2
import numba
import numpy as np
import yaml
from numpy.typing import NDArray

from ....core.resources import config_path
from ....rendering.camera import CameraFrame
from ..calls.errors import CallFailure

FARTHEST_M = 1000.0
DEPTH_STEPS = (1 << 24) - 1


def encode(blueprint: str, frame: CameraFrame) -> NDArray[np.uint8]:
    """Return the BGRA picture (H, W, 4) that a camera of a blueprint sends."""
    if blueprint == "sensor.camera.rgb" and frame.rgb is not None:
        return np.asarray(cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2BGRA), np.uint8)
    if blueprint == "sensor.camera.depth" and frame.depth is not None:
        return _encode_depth(frame.depth)
    if blueprint == "sensor.camera.normals" and frame.normals is not None:
        return _encode_normals(frame.normals)
    if blueprint == "sensor.camera.cosmos_visualization" and frame.semantic is not None:
        return palette()[frame.semantic]
    if blueprint == "sensor.camera.semantic_segmentation" and frame.semantic is not None:
        return _encode_labels(frame.semantic, np.zeros((1, 1), np.int32))
    if frame.semantic is not None and frame.instance is not None:
        return _encode_labels(frame.semantic, frame.instance)
    raise CallFailure(f"no picture was drawn for {blueprint}")


@cache
def palette() -> NDArray[np.uint8]:
    """Return BGRA (256, 4) of every tag, as CARLA's CityScapes converter colours them."""
    text = config_path("carla", "semantic_tags.yaml").read_text(encoding="utf-8")
    table = np.zeros((256, 4), np.uint8)
    table[:, 3] = 255
    for row in yaml.safe_load(text)["tags"]:
        table[row["tag"], :3] = row["rgb"][::-1]
    return table


@numba.njit(cache=True)
def _encode_depth(depth):  # type: ignore[no-untyped-def]
    height, width = depth.shape
    picture = np.empty((height, width, 4), np.uint8)
    for i in range(height):
        for j in range(width):
            share = depth[i, j] / FARTHEST_M
            steps = DEPTH_STEPS if share >= 1.0 else np.int64(share * DEPTH_STEPS + 0.5)
            picture[i, j, 0] = steps >> 16
            picture[i, j, 1] = (steps >> 8) & 255
            picture[i, j, 2] = steps & 255
            picture[i, j, 3] = 255
    return picture


@numba.njit(cache=True)
def _encode_normals(normals):  # type: ignore[no-untyped-def]
    """Encode map-frame normals in CARLA's world axes (y mirrored)."""
    height, width = normals.shape[:2]
    picture = np.empty((height, width, 4), np.uint8)
    for i in range(height):
        for j in range(width):
            picture[i, j, 2] = np.uint8((0.5 + 0.5 * normals[i, j, 0]) * 255.0 + 0.5)
            picture[i, j, 1] = np.uint8((0.5 - 0.5 * normals[i, j, 1]) * 255.0 + 0.5)
            picture[i, j, 0] = np.uint8((0.5 + 0.5 * normals[i, j, 2]) * 255.0 + 0.5)
            picture[i, j, 3] = 255
    return picture


@numba.njit(cache=True)
def _encode_labels(semantic, instance):  # type: ignore[no-untyped-def]
    """Encode tags in red; green and blue hold the low 16 bits of the instance, if given."""
    height, width = semantic.shape
    picture = np.empty((height, width, 4), np.uint8)
    named = instance.shape[0] == height
    for i in range(height):
        for j in range(width):
            number = instance[i, j] if named else 0
            picture[i, j, 0] = (number >> 8) & 255
            picture[i, j, 1] = number & 255
            picture[i, j, 2] = semantic[i, j]
            picture[i, j, 3] = 255
    return picture
