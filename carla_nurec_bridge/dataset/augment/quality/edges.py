"""Edges of an image whatever its light, and how well those of two images agree."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ....labels.frame import ByteImage

BoolImage = NDArray[np.bool_]
_SURROUNDINGS = (31, 31)
_NOISE_LEVELS = 5.0
_GAIN = 45.0
_LOW, _HIGH = 90.0, 180.0
_AWAY_PX = 24


def edges_of(grey: ByteImage) -> ByteImage:
    """Return Canny's edges (H, W), 0 or 255, of an image (H, W) of even contrast everywhere.

    Each pixel is first taken as its difference to its surroundings by their spread, so that what
    fog or night makes faint still has its edges; spreads of a few levels count as noise.
    """
    levels = grey.astype(np.float32)
    mean = cv2.blur(levels, _SURROUNDINGS)
    variance = cv2.blur(levels * levels, _SURROUNDINGS) - mean * mean
    spread = np.sqrt(np.maximum(variance, np.float32(0.0)))
    even = (levels - mean) * (_GAIN / (spread + _NOISE_LEVELS))
    return np.asarray(cv2.Canny(cv2.convertScaleAbs(even + 128.0), _LOW, _HIGH), np.uint8)


def near(edges: ByteImage, within_px: float) -> BoolImage:
    """Return which pixels (H, W) have an edge within so many pixels."""
    away = cv2.distanceTransform(cv2.bitwise_not(edges), cv2.DIST_L2, 3)
    return np.asarray(away <= within_px, np.bool_)


def share(points: BoolImage, reached: BoolImage) -> float:
    """Return the part of the points (H, W) that is reached; nan where there are none."""
    count = int(np.count_nonzero(points))
    return int(np.count_nonzero(points & reached)) / count if count else float("nan")


def share_by_chance(points: BoolImage, reached: BoolImage) -> float:
    """Return the same with the points moved away in four directions: what density alone gives."""
    found = []
    for down, right in ((0, _AWAY_PX), (0, -_AWAY_PX), (_AWAY_PX, 0), (-_AWAY_PX, 0)):
        rows, columns = _overlap(down, points.shape[0]), _overlap(right, points.shape[1])
        moved_rows, moved_columns = (
            _overlap(-down, points.shape[0]),
            _overlap(-right, points.shape[1]),
        )
        found.append(share(points[rows, columns], reached[moved_rows, moved_columns]))
    return float(np.nanmean(found)) if np.isfinite(found).any() else float("nan")


def beyond_chance(found: float, by_chance: float) -> float:
    """Return what of a share is no chance, from 0 to 1; nothing where edges are everywhere."""
    if by_chance >= 1.0:
        return 0.0
    return min(1.0, max(0.0, (found - by_chance) / (1.0 - by_chance)))


def moved_px(edges: ByteImage, other: ByteImage) -> tuple[float, float]:
    """Return by how many pixels the other's edges lie off, and how sure that is (0 to 1)."""
    soft = [cv2.GaussianBlur(one, (0, 0), 2.0).astype(np.float32) for one in (edges, other)]
    window = cv2.createHanningWindow(edges.shape[::-1], cv2.CV_32F)
    (right, down), response = cv2.phaseCorrelate(soft[0], soft[1], window)
    return float(np.hypot(right, down)), float(response)


def _overlap(moved: int, length: int) -> slice:
    return slice(max(0, moved), length + min(0, moved))
