"""The page of memory in which a kernel traces 16 rays at once.

A page is a flat array of rows of 16 lanes; names here are offsets of rows, so lane k of row R is
``page[R + k]``, and a vector takes three rows: ``R``, ``R + Y``, ``R + Z``. (Flat, because with
constant offsets the compiler sees that rows do not overlap.)

The first 21 rows are Embree's 16-wide ray-and-hit structure; the rows after it are ours. Every
engine is the address of a function that fills such a page.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LANES = 16
Y, Z = LANES, 2 * LANES

# Embree's ray (origin, near, direction, time, far, mask, id, flags) and hit (normal, u, v, ids).
ORIGIN = 0 * LANES
NEAR = 3 * LANES
DIRECTION = 4 * LANES
TIME = 7 * LANES
FAR = 8 * LANES
MASK = 9 * LANES
U = 15 * LANES
V = 16 * LANES
PRIMITIVE = 17 * LANES
GEOMETRY = 18 * LANES
INSTANCE = 19 * LANES
RAY_SIZE = 12 * LANES
HIT_SIZE = 21 * LANES

# int32: -1 for lanes to trace, 0 for lanes to leave alone.
VALID = 21 * LANES

# A second ray, for the way to the sun.
SHADOW = 22 * LANES
SHADOW_NEAR = SHADOW + NEAR
SHADOW_DIRECTION = SHADOW + DIRECTION
SHADOW_TIME = SHADOW + TIME
SHADOW_FAR = SHADOW + FAR
SHADOW_MASK = SHADOW + MASK
SHADOW_VALID = SHADOW + RAY_SIZE

# The surface that was hit: the 16 columns of its row of the triangle table.
SURFACE = 35 * LANES
SURFACE_COLUMNS = 16
NORMAL = SURFACE
ALBEDO = SURFACE + 3 * LANES
MIRROR = SURFACE + 6 * LANES
MIRROR_RISE = SURFACE + 7 * LANES
SHINE = SURFACE + 8 * LANES
GRAIN = SURFACE + 9 * LANES
PATCHES = SURFACE + 10 * LANES
REFLECTIVITY = SURFACE + 11 * LANES
PAINTED = SURFACE + 12 * LANES
TAG = SURFACE + 13 * LANES
OBJECT = SURFACE + 14 * LANES
CORNER = SURFACE + 15 * LANES

# The normal to shade with, the linear colour that reaches the sensor, 1.0 for a hit (else 0.0).
SMOOTH = SURFACE + SURFACE_COLUMNS * LANES
COLOUR = SMOOTH + 3 * LANES
HIT = COLOUR + 3 * LANES

# int32: which row of the triangle table was hit, and the display table's entries for COLOUR.
ROW = HIT + LANES
SHOWN = ROW + LANES

# How each lane's ray is turned from the sensor's frame to the map's: the 9 numbers of the matrix.
TURN = SHOWN + 3 * LANES

# What a surface mirrors: the sky's colour, and how much of the sun.
MIRRORED = TURN + 9 * LANES
SPARK = MIRRORED + 3 * LANES
PAGE_SIZE = SPARK + LANES


def page() -> NDArray[np.float32]:
    """Return one zeroed page (PAGE_SIZE,), 64-byte aligned."""
    raw = np.zeros(PAGE_SIZE + LANES, np.float32)
    start = (-raw.ctypes.data % 64) // 4
    return raw[start : start + PAGE_SIZE]
