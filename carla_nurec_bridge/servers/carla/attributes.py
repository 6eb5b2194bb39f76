"""Attributes of blueprints, read as CARLA's server reads them: by C's ``atoi`` and ``atof``.

Those take the number that a text begins with, so "64.0" is the whole number 64, " 7" is 7, and
"1e5" is 1. Where such a reading is not the number that was written, the log says so.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError

log = logging.getLogger(__name__)

Attributes = Mapping[str, str]

_WHOLE = re.compile(r"\s*([+-]?[0-9]+)")
_REAL = re.compile(r"\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
_NOT_FINITE = re.compile(r"\s*[+-]?(?:inf|nan)", re.IGNORECASE)
_TRUE, _FALSE = ("true", "1"), ("false", "0")
Colour = tuple[int, int, int]


def whole(attributes: Attributes, name: str, default: str | None = None) -> int:
    """Return an integer attribute; InputError when it is missing and has no default."""
    text = _text(attributes, name, default)
    found = _WHOLE.match(text)
    value = int(found[1]) if found else 0
    _tell_if_other(name, text, value)
    return value


def real(attributes: Attributes, name: str, default: str | None = None) -> float:
    """Return a float attribute; InputError when it is missing or not finite."""
    text = _text(attributes, name, default)
    found = _REAL.match(text)
    value = float(found[1]) if found else 0.0
    if _NOT_FINITE.match(text) or not math.isfinite(value):
        raise InputError(f"the attribute {name} must be a finite number, not '{text}'")
    _tell_if_other(name, text, value)
    return value


def flag(attributes: Attributes, name: str, default: str | None = None) -> bool:
    """Return a bool attribute, in any case; InputError when it is neither true nor false."""
    text = _text(attributes, name, default)
    word = text.strip().lower()
    if word not in (*_TRUE, *_FALSE):
        raise InputError(f"the attribute {name} must be true or false, not '{text}'")
    return word in _TRUE


def colour(attributes: Attributes, name: str) -> Colour | None:
    """Return a colour attribute ("red,green,blue", 0 to 255 each), None for what is no colour."""
    parts = attributes.get(name, "").split(",")
    values = [int(found[1]) for part in parts if (found := _WHOLE.match(part))]
    if len(parts) != 3 or len(values) != 3 or not all(0 <= value <= 255 for value in values):
        return None
    red, green, blue = values
    return red, green, blue


def by_axis(attributes: Attributes, name: str, axes: Iterable[str]) -> NDArray[np.float64]:
    """Return (3,) float attributes, 0 where missing; ``name`` has braces where the axis stands."""
    return np.array([real(attributes, name.format(axis), "0") for axis in axes])


def _text(attributes: Attributes, name: str, default: str | None) -> str:
    text = attributes.get(name, default)
    if text is None:
        raise InputError(f"the attribute {name} is missing")
    return text


def _tell_if_other(name: str, text: str, value: float) -> None:
    try:
        written = float(text)
    except ValueError:
        written = math.nan
    if written != value:
        log.warning("the attribute %s '%s' is read as %g, as CARLA does", name, text, value)
