"""When each pixel of a frame is exposed, as a fraction of the time from shutter open to close."""

from __future__ import annotations

import enum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError


class Shutter(enum.Enum):
    """Order in which the rows or columns of an image are exposed; values are NuRec's numbers."""

    ROLLING_TOP_TO_BOTTOM = 1
    ROLLING_LEFT_TO_RIGHT = 2
    ROLLING_BOTTOM_TO_TOP = 3
    ROLLING_RIGHT_TO_LEFT = 4
    GLOBAL = 5


def shutter_from(value: str | int) -> Shutter:
    """Return the shutter of a name (``"ROLLING_TOP_TO_BOTTOM"``) or NuRec number (``1``, ``"1"``).

    InputError names the value and the known names otherwise.
    """
    text = str(value).strip()
    for shutter in Shutter:
        if text.upper() == shutter.name or text == str(shutter.value):
            return shutter
    known = ", ".join(shutter.name for shutter in Shutter)
    raise InputError(f"unknown shutter type {value!r}; use one of {known}")


def shutter_fraction(
    shutter: Shutter, width: int, height: int
) -> tuple[Literal["row", "column"], NDArray[np.float64]]:
    """Return the axis along which time passes and each line's fraction of it.

    The axis is ``"row"`` with fractions of shape (height,) or ``"column"`` with (width,), float64,
    0 at the first line exposed and 1 at the last. A global shutter is exposed at its start: zeros
    over the rows. An image of one line along the axis is exposed at 0.
    """
    if shutter is Shutter.GLOBAL:
        return "row", np.zeros(height)
    horizontal = shutter in (Shutter.ROLLING_LEFT_TO_RIGHT, Shutter.ROLLING_RIGHT_TO_LEFT)
    lines = width if horizontal else height
    fractions = np.arange(lines) / max(lines - 1, 1)
    if shutter in (Shutter.ROLLING_BOTTOM_TO_TOP, Shutter.ROLLING_RIGHT_TO_LEFT):
        fractions = fractions[::-1].copy()
    return ("column" if horizontal else "row"), fractions
