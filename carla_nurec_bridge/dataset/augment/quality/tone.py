"""Brightness and colour of an image, of its ground and of its sky."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ....labels.frame import ByteImage
from ...store.class_groups import GROUPS
from ...truth.variant import ToneFigures

_NAMES = tuple(ToneFigures.model_fields)
_GROUND, _SKY = list(GROUPS).index("flat"), list(GROUPS).index("sky")
_LEAST_SHARE = 0.02
_SURROUNDINGS = (15, 15)
_TINY = 1e-6

Tone = NDArray[np.float64]
"""The figures of an image in the order of ToneFigures, nan where there is none."""


def tone_of(rgb: ByteImage, groups: NDArray[np.uint8]) -> Tone:
    """Return the figures of an image (H, W, 3), ``groups`` (H, W) being its classes' groups."""
    levels = rgb.astype(np.float32) / np.float32(255.0)
    luma = cv2.cvtColor(levels, cv2.COLOR_RGB2GRAY)
    dark, bright = np.quantile(luma, (0.05, 0.95))
    away = np.abs(luma - cv2.blur(luma, _SURROUNDINGS))
    ground, sky = _seen(groups == _GROUND), _seen(groups == _SKY)
    solid = groups != _SKY
    red, green, blue = levels.reshape(-1, 3).sum(0, dtype=np.float64)
    figures = {
        "luma": luma.mean(),
        "contrast": bright - dark,
        "detail": away[solid].mean() if solid.any() else np.nan,
        "saturation": _saturation(levels),
        "warmth": (red - blue) / (red + green + blue + _TINY),
        "ground_luma": np.nan if ground is None else luma[ground].mean(),
        "ground_saturation": np.nan if ground is None else _saturation(levels[ground]),
        "sky_luma": np.nan if sky is None else luma[sky].mean(),
    }
    return np.array([figures[name] for name in _NAMES], np.float64)


def mean_tone(tones: Sequence[Tone]) -> ToneFigures:
    """Return the means over images, of those that have the figure."""
    table = np.array(tones, np.float64)
    known = np.isfinite(table)
    counts = known.sum(0).tolist()
    sums = np.where(known, table, 0.0).sum(0).tolist()
    values = [total / n if n else None for total, n in zip(sums, counts, strict=True)]
    return ToneFigures.model_validate(dict(zip(_NAMES, values, strict=True)))


def _seen(mask: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    return mask if mask.mean() >= _LEAST_SHARE else None


def _saturation(levels: NDArray[np.float32]) -> float:
    top, low = levels.max(-1), levels.min(-1)
    return float((top - low).sum(dtype=np.float64) / (top.sum(dtype=np.float64) + _TINY))
