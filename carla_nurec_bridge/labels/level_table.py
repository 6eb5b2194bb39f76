"""The grey levels of depth by table: the same as by formula, without a logarithm a pixel.

Levels fall as depth grows, and floats above zero sort like their bits, so a level ends at one bit
pattern: a table by the upper bits names the level, and what ends within them is counted on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .kernels import LEVEL_BITS, depth_levels, looked_up_levels

_LEVELS = 256
_NEVER = np.iinfo(np.int32).max


@dataclass(frozen=True, eq=False)
class LevelTable:
    """Grey levels from ``near`` to ``far``, both bit patterns of float32 metres.

    ``first`` (N,) uint8 is the level of the smallest depth with these upper bits, ``ends`` (256,)
    int32 the bits of the smallest depth that is darker than a level.
    """

    near: np.int32
    far: np.int32
    first: NDArray[np.uint8]
    ends: NDArray[np.int32]

    def levels(self, depth_m: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Return the level (H, W) of each depth (H, W) in metres; below ``near`` is as ``near``."""
        grey = np.empty(depth_m.shape, np.uint8)
        bits = np.ascontiguousarray(depth_m).view(np.int32)
        looked_up_levels(bits, self.near, self.far, self.first, self.ends, grey)
        return grey


@lru_cache(maxsize=16)
def level_table(mode: int, near_m: float, far_m: float) -> LevelTable:
    """Return the table of a mode of ``depth_levels`` and its range in metres."""
    near, far = np.array([near_m, far_m], np.float32).view(np.int32)
    # For all levels at once: at ``high`` depth is darker, at ``low`` it is not.
    wanted = np.arange(_LEVELS)
    low, high = np.full(_LEVELS, int(near) - 1, np.int64), np.full(_LEVELS, int(far) + 1, np.int64)
    while np.any(high - low > 1):
        middle = (low + high) // 2
        darker = _by_formula(middle, mode, near, far) < wanted
        inside = high - low > 1
        high = np.where(inside & darker, middle, high)
        low = np.where(inside & ~darker, middle, low)
    ends = np.where(high > int(far), _NEVER, high).astype(np.int32)
    starts = np.arange((int(far) >> LEVEL_BITS) + 1, dtype=np.int64) << LEVEL_BITS
    return LevelTable(near, far, _by_formula(starts, mode, near, far), ends)


def _by_formula(
    bits: NDArray[np.int64], mode: int, near: np.int32, far: np.int32
) -> NDArray[np.uint8]:
    """Return the levels (N,) of depths (N,) by their bits, which the range limits."""
    depth = np.clip(bits, int(near), int(far)).astype(np.int32).view(np.float32)
    levels = np.empty((1, len(depth)), np.uint8)
    depth_levels(depth[None], mode, near.view(np.float32), far.view(np.float32), levels)
    return levels[0]
