"""Turn a camera's pictures into the control pictures that Cosmos Transfer is steered with."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ...labels.class_filter import ClassFilter
from ...labels.frame import ByteImage
from ...labels.kernels import (
    INVERSE,
    LINEAR,
    LOG,
)
from ...labels.level_table import level_table
from ...labels.palette import SKY
from ...world.semantic_tags import semantic_tags

DepthMode = Literal["log", "inverse", "linear"]
Strength = Literal["very_low", "low", "medium", "high", "very_high"]

_MODES = {"log": LOG, "inverse": INVERSE, "linear": LINEAR}
# The thresholds of Cosmos Transfer 1 and 2.5.
CANNY: dict[str, tuple[float, float]] = {
    "very_low": (20.0, 50.0),
    "low": (50.0, 100.0),
    "medium": (100.0, 200.0),
    "high": (200.0, 300.0),
    "very_high": (300.0, 400.0),
}
ALL_BUT_SKY = frozenset(tag.tag for tag in semantic_tags()) - {SKY}
_SOFT_SIZE, _SOFT_SIGMA = (5, 5), 1.0


@dataclass(frozen=True)
class DepthEncoding:
    """How metres become grey levels: near is bright, the range is one for a whole clip.

    ``log`` (CARLA's own tool uses 0.01 to 1000 m): 1 - ln(d / near) / ln(far / near).
    ``inverse`` (nearest to what the Cosmos depth branch was trained on):
    (1/d - 1/far) / (1/near - 1/far). ``linear``: (far - d) / (far - near).
    Depth is clipped to [near_m, far_m] first; sky (infinite) is black. With ``clip_percent`` above
    0 the range is measured in the clip instead: so many percent of its pixels lie nearer than its
    near end, and as many beyond its far end; sky and the ego's own pixels are not counted.
    """

    mode: DepthMode = "log"
    near_m: float = 0.01
    far_m: float = 1000.0
    clip_percent: float = 0.0

    def __post_init__(self) -> None:
        if self.mode not in _MODES:
            raise InputError(f"depth mode {self.mode!r}: use log, inverse or linear")
        if not 0 < self.near_m < self.far_m:
            raise InputError(
                f"depth range {self.near_m} to {self.far_m} m: it must grow and begin above 0"
            )
        if not 0 <= self.clip_percent < 50:
            raise InputError(f"depth clip_percent {self.clip_percent}: it lies in 0 to 50")

    def to_json(self) -> dict[str, Any]:
        """Return the encoding as values that JSON can hold."""
        return asdict(self)


def depth_grey(depth_m: NDArray[np.float32], encoding: DepthEncoding) -> ByteImage:
    """Return the grey levels (H, W) uint8 of depth along the optical axis (H, W) in metres."""
    return level_table(_MODES[encoding.mode], encoding.near_m, encoding.far_m).levels(depth_m)


@dataclass(frozen=True)
class EdgeEncoding:
    """Thresholds of Canny's edge detector on the grey picture, and the classes that have edges."""

    low: float = 100.0
    high: float = 200.0
    classes: frozenset[int] = ALL_BUT_SKY

    @classmethod
    def preset(cls, name: Strength, classes: frozenset[int] = ALL_BUT_SKY) -> EdgeEncoding:
        """Return the thresholds that Cosmos knows by this name; InputError for another name."""
        if name not in CANNY:
            raise InputError(f"edge preset {name!r}: use {', '.join(CANNY)}")
        return cls(*CANNY[name], classes)

    def to_json(self) -> dict[str, Any]:
        """Return the encoding as values that JSON can hold."""
        names = list(ClassFilter(self.classes).names())
        return {"low": self.low, "high": self.high, "classes": names}


def edges_grey(rgb: ByteImage, tags: NDArray[np.uint8], encoding: EdgeEncoding) -> ByteImage:
    """Return Canny's edges (H, W), 0 or 255, of a picture (H, W, 3) RGB, in the wanted classes.

    ``tags`` (H, W) are CARLA's semantic tags of the same picture.
    """
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    edges = cv2.Canny(grey, encoding.low, encoding.high)
    kept = cv2.LUT(tags, _membership(encoding.classes))
    return np.asarray(cv2.bitwise_and(edges, kept), np.uint8)


def masked_rgb(rgb: ByteImage, tags: NDArray[np.uint8], classes: frozenset[int]) -> ByteImage:
    """Return a picture (H, W, 3) made softer (Gauss, 5 x 5, sigma 1), black outside ``classes``."""
    soft = cv2.GaussianBlur(rgb, _SOFT_SIZE, _SOFT_SIGMA)
    kept = cv2.LUT(tags, _membership(classes))
    return np.asarray(cv2.bitwise_and(soft, soft, mask=kept), np.uint8)


def sky_grey(tags: NDArray[np.uint8]) -> ByteImage:
    """Return (H, W): 255 where the sky is seen, 0 elsewhere."""
    return np.asarray(cv2.LUT(tags, _membership(frozenset({SKY}))), np.uint8)


def grey_to_rgb(grey: ByteImage) -> ByteImage:
    """Repeat a grey picture (H, W) in three channels (H, W, 3)."""
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), np.uint8)


def _membership(tags: frozenset[int]) -> NDArray[np.uint8]:
    """Return (256,) uint8: 255 for each of these tags, 0 for the others."""
    table = np.zeros(256, np.uint8)
    table[sorted(tags)] = 255
    return table
