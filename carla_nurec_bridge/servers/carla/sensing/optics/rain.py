"""Rain in an image: streaks that fall past the lens, the same ones for the same frame."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

MOST_STREAKS_PER_MPX = 1400
LONGEST_SHARE = 0.06
SHIFT = 4
STRENGTH = 0.35
SLANT = 0.25


def draw_rain(
    rgb: NDArray[np.uint8], precipitation: float, wind: float, seed: tuple[int, int]
) -> None:
    """Draw streaks over an image (H, W, 3); ``precipitation`` and ``wind`` are 0 to 1.

    ``seed`` (frame, camera) decides where they are.
    """
    height, width = rgb.shape[:2]
    count = round(MOST_STREAKS_PER_MPX * precipitation * width * height / 1e6)
    if not count:
        return
    random = np.random.default_rng(seed)
    start = random.random((count, 2)) * (1.1 * width, 1.2 * height) - (0.05 * width, 0.1 * height)
    near = random.random(count) ** 2
    length = LONGEST_SHARE * height * (0.25 + 0.75 * near)
    lean = SLANT * wind + 0.03 * random.standard_normal(count)
    end = start + np.stack([length * lean, length], axis=-1)
    lines = np.rint(np.stack([start, end], axis=1) * (1 << SHIFT)).astype(np.int32)
    veil = np.zeros((height, width), np.uint8)
    thick = max(1, math.ceil(height / 700))
    for weight in (0.35, 0.7, 1.0):
        chosen = lines[(near <= weight) & (near > weight - 0.35)]
        cv2.polylines(veil, list(chosen), False, int(255 * weight), thick, cv2.LINE_AA, SHIFT)
    share = cv2.blur(veil, (1, 3)).astype(np.uint16) * round(256 * STRENGTH)
    light = np.maximum(rgb.max(axis=(0, 1)).astype(np.int32) * 3 // 4, 24)
    wet = np.nonzero(veil)
    part = (share[wet] >> 8).astype(np.int32)[:, None]
    here = rgb[wet].astype(np.int32)
    rgb[wet] = (here + (light - here) * part // 255).astype(np.uint8)
