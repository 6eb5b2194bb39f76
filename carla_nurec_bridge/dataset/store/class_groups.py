"""Groups of semantic classes, those of Cityscapes: the pixels of a data set's ``masks``."""

from __future__ import annotations

from collections.abc import Collection

import cv2
import numpy as np
from numpy.typing import NDArray

GROUPS: dict[str, tuple[int, ...]] = {
    "void": (),
    "flat": (1, 2, 24, 27),
    "construction": (3, 4, 5, 26, 28),
    "object": (6, 7, 8),
    "nature": (9, 10),
    "sky": (11,),
    "human": (12, 13),
    "vehicle": (14, 15, 16, 17, 18, 19),
}
"""CARLA's semantic tags by group, in the order of the groups' numbers; void has all others."""

_TABLE: NDArray[np.uint8] = np.zeros(256, np.uint8)
for _number, _tags in enumerate(GROUPS.values()):
    _TABLE[list(_tags)] = _number


def group_mask(tags: NDArray[np.uint8], kept: Collection[int] | None = None) -> NDArray[np.uint8]:
    """Return the number of each pixel's group (H, W) of semantic tags (H, W).

    Tags that are not ``kept`` are void; None keeps all.
    """
    table = _TABLE
    if kept is not None:
        table = np.zeros_like(_TABLE)
        table[list(kept)] = _TABLE[list(kept)]
    return np.asarray(cv2.LUT(tags, table), np.uint8)
