"""Where a sensor is, and how it is turned, while each of its lines is exposed."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ...core.frames import Matrix, turn_between
from ..engines.jit import kernel


def lines_between(
    start: Matrix, end: Matrix, fractions: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return turns (K, 3, 3) and places (K, 3) float32 at shares (K,) of a motion.

    They are those of ``core.frames.interpolate`` between two rigid (4, 4).
    """
    axis, angle = turn_between(start, end)
    turns = np.empty((len(fractions), 3, 3), np.float32)
    places = np.empty((len(fractions), 3), np.float32)
    # Copies: the kernel is compiled for one kind of array.
    first, last, shares = (
        np.array(one, np.float64, order="C") for one in (start[:3], end[:3, 3], fractions)
    )
    _move(first, last, axis, angle, shares, turns, places)
    return turns, places


@kernel
def _move(start, end, axis, angle, fractions, turns, places):
    """Write turns and places at all fractions; from ``start`` (3, 4) to the place ``end`` (3,)."""
    for k in range(len(fractions)):
        half = 0.5 * angle * fractions[k]
        sine, w = math.sin(half), math.cos(half)
        x, y, z = sine * axis[0], sine * axis[1], sine * axis[2]
        length = math.sqrt(x * x + y * y + z * z + w * w)
        x, y, z, w = x / length, y / length, z / length, w / length
        for i in range(3):
            a, b, c = start[i, 0], start[i, 1], start[i, 2]
            turns[k, i, 0] = (
                a * (1 - 2 * (y * y + z * z))
                + b * (2 * (x * y + z * w))
                + c * (2 * (x * z - y * w))
            )
            turns[k, i, 1] = (
                a * (2 * (x * y - z * w))
                + b * (1 - 2 * (x * x + z * z))
                + c * (2 * (y * z + x * w))
            )
            turns[k, i, 2] = (
                a * (2 * (x * z + y * w))
                + b * (2 * (y * z - x * w))
                + c * (1 - 2 * (x * x + y * y))
            )
            places[k, i] = start[i, 3] + fractions[k] * (end[i] - start[i, 3])
