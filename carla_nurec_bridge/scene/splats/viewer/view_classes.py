"""The classes that a scene's Gaussians score highest, as colours and in words."""

from __future__ import annotations

import colorsys

import numpy as np
from numpy.typing import NDArray

from ....gaussians.cloud import GaussianCloud
from ....gaussians.scene import GaussianScene

_GOLDEN = 0.6180339887498949
_GREY = (128, 128, 128)


def class_colours(cloud: GaussianCloud) -> NDArray[np.uint8]:
    """Return a colour (N, 3) for each Gaussian's class, equal for equal ones; grey without scores.

    Neighbouring numbers have hues far apart.
    """
    classes = _classes(cloud)
    if classes is None:
        return np.full((len(cloud), 3), _GREY, np.uint8)
    hues = (np.arange(int(classes.max(initial=0)) + 1) * _GOLDEN) % 1.0
    table = np.array([colorsys.hsv_to_rgb(hue, 0.8, 0.95) for hue in hues])
    return np.round(255.0 * table[classes]).astype(np.uint8)


def told_classes(scene: GaussianScene) -> str:
    """Return a sentence on how many Gaussians score which class highest, by its number."""
    clouds = [*scene.layers.values(), *([scene.rigid.cloud] if scene.rigid is not None else [])]
    found = [classes for cloud in clouds if (classes := _classes(cloud)) is not None]
    if not found:
        return "no Gaussian has scores of classes: all are grey"
    counts = np.bincount(np.concatenate(found))
    most = sorted(np.flatnonzero(counts).tolist(), key=lambda number: -int(counts[number]))
    words = ", ".join(f"{number}: {counts[number]:,}" for number in most)
    return f"Gaussians by the class that they score highest, whose names are not public: {words}"


def _classes(cloud: GaussianCloud) -> NDArray[np.intp] | None:
    logits = cloud.semantic_logits
    return None if logits is None or not len(cloud) else np.argmax(logits, axis=1)
