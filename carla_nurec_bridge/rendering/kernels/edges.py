"""Find the pixels of an image that deserve more samples: those that differ from a neighbour."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..engines.jit import allocating

# Neighbours that differ by more than this many sRGB steps in one channel are worth smoothing.
STEPS = 14


def edge_pixels(rgb: NDArray[np.uint8], rays: NDArray[np.float32]) -> NDArray[np.int32]:
    """Return the pixels (E, 2), row and column, that differ from one of their four neighbours.

    ``rgb`` is (H, W, 3), ``rays`` (H, W, 3); pixels whose ray is the zero vector are left out.
    """
    height, width = rgb.shape[:2]
    return _edges(rgb.reshape(height, 3 * width), rays, np.int32(STEPS))


@allocating
def _edges(values, rays, limit):
    height, size = values.shape
    found = np.empty((height * (size // 3), 2), np.int32)
    changed = np.empty(size, np.uint8)
    count = 0
    for row in range(height):
        here = values[row]
        above = values[max(row - 1, 0)]
        below = values[min(row + 1, height - 1)]
        for k in range(size):
            value = np.int32(here[k])
            up, down = abs(value - np.int32(above[k])), abs(value - np.int32(below[k]))
            changed[k] = np.uint8(max(up, down) > limit)
        for k in range(size - 3):
            step = np.uint8(abs(np.int32(here[k]) - np.int32(here[k + 3])) > limit)
            changed[k] |= step
        for k in range(size - 1, 2, -1):
            changed[k] |= np.uint8(abs(np.int32(here[k]) - np.int32(here[k - 3])) > limit)
        for column in range(size // 3):
            if changed[3 * column] | changed[3 * column + 1] | changed[3 * column + 2]:
                ray = rays[row, column]
                if ray[0] != 0 or ray[1] != 0 or ray[2] != 0:
                    found[count, 0], found[count, 1] = row, column
                    count += 1
    return found[:count].copy()
