"""The page of memory in which a kernel traces 16 rays at once.

Rows 0 to 20 are Embree's 16-wide ray-and-hit structure (each row 16 lanes of 4 bytes); the rows
after it are ours. Every engine is the address of a function that fills such a page.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LANES = 16

ORIGIN, NEAR, DIRECTION, TIME, FAR, MASK = 0, 3, 4, 7, 8, 9
U, V, PRIMITIVE, GEOMETRY, INSTANCE = 15, 16, 17, 18, 19
HIT_ROWS = 21

VALID = 21

# A second ray structure (12 rows, no hit), for the way to the sun.
SHADOW, SHADOW_NEAR, SHADOW_DIRECTION, SHADOW_TIME = 22, 25, 26, 29
SHADOW_FAR, SHADOW_MASK = 30, 31
RAY_ROWS = 12
SHADOW_VALID = 34

# The surface that was hit: the row of the triangle table, then the normal to shade with, the
# linear colour that reaches the sensor, and 1.0 for a hit or 0.0.
SURFACE = 35
NORMAL, ALBEDO, MIRROR, MIRROR_RISE, SHINE, GRAIN, PATCHES, REFLECTIVITY, PAINTED = (
    35, 38, 41, 42, 43, 44, 45, 46, 47,
)  # fmt: skip
TAG, OBJECT, CORNER = 48, 49, 50
SURFACE_COLUMNS = 16
SMOOTH, COLOUR, HIT = 51, 54, 57
PAGE_ROWS = 58


def pages(count: int) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Return ``count`` pages, 64-byte aligned, as float32 and int32 views (count, rows, 16)."""
    size = count * PAGE_ROWS * LANES
    raw = np.zeros(size + LANES, np.float32)
    start = (-raw.ctypes.data % 64) // 4
    floats = raw[start : start + size].reshape(count, PAGE_ROWS, LANES)
    return floats, floats.view(np.int32)
