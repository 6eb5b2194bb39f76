"""Ranges in scenario files, from which the seed draws."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import AfterValidator


def _rising(value: tuple[float, float]) -> tuple[float, float]:
    if not value[0] <= value[1]:
        raise ValueError("the first number must not be above the second")
    return value


Range = Annotated[tuple[float, float], AfterValidator(_rising)]
"""Two numbers; the seed draws one between them."""


def within(pair: Range, low: float, high: float) -> Range:
    """Return a range that lies in others' limits; ValueError names them."""
    if not low <= pair[0] <= pair[1] <= high:
        raise ValueError(f"two rising numbers from {low:g} to {high:g} are wanted")
    return pair


def drawn(pair: Range, rng: np.random.Generator) -> float:
    """Draw a number, to three decimals."""
    return round(float(rng.uniform(*pair)), 3)
