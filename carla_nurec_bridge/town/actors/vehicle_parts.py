"""Parts that vehicles share: wheels, lamps, plates, paint.

Frame: x forward, y left, z up from the ground, the middle of the vehicle at x = y = 0; metres.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ...rendering.mesh import (
    GLASS,
    LIGHT,
    PAINT,
    Mesh,
)
from ...rendering.primitives import (
    Material,
    chamfered_box,
    disc,
    sheet,
    tube,
)

RUBBER = (24, 24, 26)
RIM = (168, 170, 174)
TRIM = (26, 27, 30)
GLASS_COLOUR = (22, 27, 33)
HEAD_LAMP = (255, 250, 236)
TAIL_LAMP = (190, 12, 14)
AMBER_LAMP = (255, 140, 20)
PLATE = (226, 226, 214)

_PAINTS = (
    (226, 228, 230),
    (32, 34, 38),
    (150, 154, 160),
    (88, 92, 98),
    (28, 48, 96),
    (140, 22, 26),
    (196, 200, 204),
    (52, 74, 66),
    (176, 162, 136),
    (58, 104, 150),
)


def number_of(seed: int | str) -> int:
    """Return a fixed non-negative number for a seed or a blueprint id."""
    return seed if isinstance(seed, int) else zlib.crc32(seed.encode())


def paint_of(seed: int | str) -> tuple[int, int, int]:
    """Return the paint (sRGB) of a vehicle that is given none."""
    return _PAINTS[number_of(seed) % len(_PAINTS)]


def paint(colour: tuple[int, int, int], tag: int) -> Material:
    """Return the look of painted metal."""
    return {"colour": colour, "tag": tag, "finish": PAINT}


def matte(colour: tuple[int, int, int], tag: int) -> Material:
    """Return the look of a dull surface."""
    return {"colour": colour, "tag": tag}


def glass(tag: int) -> Material:
    """Return the look of dark glass."""
    return {"colour": GLASS_COLOUR, "tag": tag, "finish": GLASS}


def lamp(colour: tuple[int, int, int], tag: int) -> Material:
    """Return the look of a lit lamp."""
    return {"colour": colour, "tag": tag, "finish": LIGHT}


def wheel(
    centre: tuple[float, float, float], radius: float, width: float, tag: int, holes: int = 5
) -> list[Mesh]:
    """Return a wheel turning about y; its rim, with ``holes``, faces outwards (away from y = 0)."""
    x, y, z = centre
    out = 1.0 if y >= 0 else -1.0
    face = y + out * width / 2
    inner, shoulder = y - out * width / 2, face - out * 0.12 * width
    low, high = sorted((inner, shoulder))
    parts = [
        tube((x, low, z), (x, high, z), radius, sides=22, **matte(RUBBER, tag)),
        tube((x, shoulder, z), (x, face, z), radius, 0.88 * radius, 22, **matte(RUBBER, tag)),
        disc((x, face + out * 0.004, z), (0, out, 0), 0.68 * radius, 20, **matte(RIM, tag)),
    ]
    for hole in range(holes):
        angle = 2 * np.pi * hole / holes + 0.3
        spot = (
            x + 0.42 * radius * np.cos(angle),
            face + out * 0.008,
            z + 0.42 * radius * np.sin(angle),
        )
        parts.append(disc(spot, (0, out, 0), 0.16 * radius, 8, **matte(TRIM, tag)))
    return parts


def plate(x: float, z: float, tag: int) -> Mesh:
    """Return a number plate across the vehicle at (x, 0, z)."""
    return chamfered_box((x, 0.0, z), (0.02, 0.50, 0.11), 0.005, **matte(PLATE, tag))


def pane(
    corner: Callable[[float, float], tuple[float, float, float]],
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
    tag: int,
) -> Mesh:
    """Return a window through the points (x, y, z) that ``corner(row, column)`` gives."""
    grid = np.array([[corner(row, column) for column in columns] for row in rows])
    return sheet(grid, **glass(tag))
