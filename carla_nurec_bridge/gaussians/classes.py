"""The class that each Gaussian scores highest of those that a file knows, by its number."""

from __future__ import annotations

import colorsys

import numpy as np
from numpy.typing import NDArray

from .cloud import GaussianCloud

NO_CLASS = 255
"""The class of what has no scores; files score at most so many."""
_GOLDEN = 0.6180339887498949
_GREY = 128


def top_classes(cloud: GaussianCloud) -> NDArray[np.uint8]:
    """Return the number of the class (N,) that each Gaussian scores highest, or ``NO_CLASS``."""
    logits = cloud.semantic_logits
    if logits is None or not 0 < logits.shape[1] <= NO_CLASS:
        return np.full(len(cloud), NO_CLASS, np.uint8)
    return np.argmax(logits, axis=1).astype(np.uint8)


def class_colours(classes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a colour (..., 3) for each class, equal for equal ones; grey for ``NO_CLASS``.

    Neighbouring numbers have hues far apart.
    """
    hues = (np.arange(NO_CLASS) * _GOLDEN) % 1.0
    table = np.array([colorsys.hsv_to_rgb(hue, 0.8, 0.95) for hue in hues])
    colours = np.full((NO_CLASS + 1, 3), _GREY, np.uint8)
    colours[:NO_CLASS] = np.round(255.0 * table)
    picked: NDArray[np.uint8] = colours[classes]
    return picked
