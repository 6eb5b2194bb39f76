"""Turn a camera's pictures into the control pictures that Cosmos Transfer is steered with."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError
from .palette import SKY

Picture = NDArray[np.uint8]
DepthMode = Literal["log", "inverse", "linear"]


@dataclass(frozen=True)
class DepthEncoding:
    """How metres become grey levels: near is bright, the range is fixed for a whole clip.

    ``log`` (CARLA's own tool uses 0.01 to 1000 m): 1 - ln(d / near) / ln(far / near).
    ``inverse`` (nearest to what the Cosmos depth branch was trained on):
    (1/d - 1/far) / (1/near - 1/far). ``linear``: (far - d) / (far - near).
    Depth is clipped to [near_m, far_m] first; sky (infinite) is black.
    """

    mode: DepthMode = "log"
    near_m: float = 0.01
    far_m: float = 1000.0

    def __post_init__(self) -> None:
        if self.mode not in ("log", "inverse", "linear"):
            raise InputError(f"depth mode {self.mode!r}: use log, inverse or linear")
        if not 0 < self.near_m < self.far_m:
            raise InputError(
                f"depth range {self.near_m} to {self.far_m} m: it must grow and begin above 0"
            )

    def to_json(self) -> dict[str, Any]:
        """Return the encoding as values that JSON can hold."""
        return asdict(self)


def depth_grey(depth_m: NDArray[np.float32], encoding: DepthEncoding) -> Picture:
    """Return the grey levels (H, W) uint8 of depth along the optical axis (H, W) in metres."""
    near, far = np.float32(encoding.near_m), np.float32(encoding.far_m)
    clipped = np.clip(depth_m, near, far)
    if encoding.mode == "log":
        level = 1 - np.log(clipped / near) / np.log(far / near)
    elif encoding.mode == "inverse":
        level = (1 / clipped - 1 / far) / (1 / near - 1 / far)
    else:
        level = (far - clipped) / (far - near)
    grey: Picture = np.floor(level * np.float32(255)).astype(np.uint8)
    return grey


@dataclass(frozen=True)
class EdgeEncoding:
    """Thresholds of Canny's edge detector on the grey picture."""

    low: float = 100.0
    high: float = 200.0

    def to_json(self) -> dict[str, Any]:
        """Return the encoding as values that JSON can hold."""
        return asdict(self)


def edges_grey(rgb: Picture, tags: NDArray[np.uint8], encoding: EdgeEncoding) -> Picture:
    """Return Canny's edges (H, W), 0 or 255, of a picture (H, W, 3) RGB, none in the sky.

    ``tags`` (H, W) are CARLA's semantic tags of the same picture.
    """
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    edges: Picture = np.asarray(cv2.Canny(grey, encoding.low, encoding.high), np.uint8)
    edges[tags == SKY] = 0
    return edges


def grey_to_rgb(grey: Picture) -> Picture:
    """Repeat a grey picture (H, W) in three channels (H, W, 3)."""
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), np.uint8)
