"""The classes that a scene's Gaussians score highest, in words."""

from __future__ import annotations

import numpy as np

from ....gaussians.classes import NO_CLASS, top_classes
from ....gaussians.scene import GaussianScene


def told_classes(scene: GaussianScene) -> str:
    """Return a sentence on how many Gaussians score which class highest, by its number."""
    clouds = [*scene.layers.values(), *([scene.rigid.cloud] if scene.rigid is not None else [])]
    found = [classes for cloud in clouds if len(classes := top_classes(cloud))]
    counts = np.bincount(np.concatenate(found)) if found else np.zeros(0, np.intp)
    counts = counts[:NO_CLASS]
    if not counts.any():
        return "no Gaussian has scores of classes: all are grey"
    most = sorted(np.flatnonzero(counts).tolist(), key=lambda number: -int(counts[number]))
    words = ", ".join(f"{number}: {counts[number]:,}" for number in most)
    return f"Gaussians by the class that they score highest, whose names are not public: {words}"
