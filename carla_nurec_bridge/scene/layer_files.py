"""Distance, opacity and classes of a rendered image as files beside it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError
from ..gaussians.classes import NO_CLASS, class_colours
from ..nurec.client.layers import CameraLayers

_NEAR_M, _FAR_M = 1.0, 200.0


def write_layers(layers: CameraLayers, stem: Path) -> None:
    """Write STEM.layers.npz with all, and STEM.layers.png to look at.

    The picture has the distance (white near, black far or nothing, its logarithm), the opacity, and
    where any pixel has a class the classes in colours, below each other. InputError when it cannot
    be written.
    """
    np.savez_compressed(
        f"{stem}.layers.npz",
        distance_m=layers.distance_m,
        opacity=layers.opacity,
        classes=layers.classes,
    )
    near = np.log(np.clip(layers.distance_m, _NEAR_M, _FAR_M) / _NEAR_M) / np.log(_FAR_M / _NEAR_M)
    shown = [_grey(1.0 - near), _grey(layers.opacity)]
    if (layers.classes != NO_CLASS).any():
        shown.append(class_colours(layers.classes))
    path = f"{stem}.layers.png"
    if not cv2.imwrite(path, np.concatenate(shown)[:, :, ::-1]):
        raise InputError(f"cannot write {path}")


def _grey(shares: NDArray[np.float32]) -> NDArray[np.uint8]:
    grey = np.round(255.0 * np.clip(shares, 0.0, 1.0)).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)
