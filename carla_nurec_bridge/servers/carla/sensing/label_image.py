"""Labels as CARLA sends them: tags in red, instances in green and blue."""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(cache=True)
def encode_labels(semantic, instance):  # type: ignore[no-untyped-def]
    """Return BGRA (H, W, 4) of tags (H, W) and the low 16 bits of instances (H, W).

    Instances of another height are taken for none.
    """
    height, width = semantic.shape
    image = np.empty((height, width, 4), np.uint8)
    named = instance.shape[0] == height
    for i in range(height):
        for j in range(width):
            number = instance[i, j] if named else 0
            image[i, j, 0] = (number >> 8) & 255
            image[i, j, 1] = number & 255
            image[i, j, 2] = semantic[i, j]
            image[i, j, 3] = 255
    return image
