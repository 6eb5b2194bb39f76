"""Colours of paint in words that nobody would argue about."""

from __future__ import annotations

import math
from collections.abc import Mapping

_Lab = tuple[float, float, float]

_NEUTRAL: dict[str, tuple[_Lab, ...]] = {
    "black": ((5.0, 0.0, 0.0), (12.0, 0.0, 0.0)),
    "grey": ((30.0, 0.0, 0.0), (45.0, 0.0, 0.0), (60.0, 0.0, 0.0), (80.0, 0.0, 0.0)),
    "white": ((97.0, 0.0, 0.0), (93.0, 0.0, 0.0)),
}
_BRIGHT: dict[str, tuple[_Lab, ...]] = {
    "red": ((45.0, 66.0, 45.0), (30.0, 48.0, 30.0), (53.0, 80.0, 67.0)),
    "orange": ((67.0, 43.0, 74.0), (62.0, 52.0, 62.0), (64.0, 28.0, 50.0), (74.0, 26.0, 78.0)),
    "yellow": ((90.0, -5.0, 80.0), (80.0, 5.0, 75.0), (94.0, -12.0, 50.0)),
    "green": (
        (50.0, -50.0, 40.0),
        (30.0, -30.0, 22.0),
        (85.0, -60.0, 60.0),
        (60.0, -38.0, 6.0),
        (92.0, -30.0, 30.0),
    ),
    "blue": (
        (35.0, 10.0, -50.0),
        (20.0, 20.0, -45.0),
        (60.0, -8.0, -38.0),
        (80.0, -10.0, -26.0),
        (36.0, 35.0, -78.0),
        (32.0, 79.0, -108.0),
    ),
    "purple": ((35.0, 45.0, -45.0), (50.0, 50.0, -45.0), (25.0, 40.0, -28.0), (46.0, 82.0, -85.0)),
    "pink": ((78.0, 30.0, 0.0), (65.0, 60.0, -8.0), (85.0, 18.0, 4.0)),
    "brown": ((35.0, 20.0, 32.0), (25.0, 16.0, 22.0), (48.0, 20.0, 36.0)),
}
"""Where each basic colour term lies in CIELAB (D65): dark, usual and light examples.

The eleven terms are those of Berlin and Kay (Basic Color Terms, 1969).
"""

_CLEARLY = 1.25
_NEUTRAL_CHROMA = 11.0


def colour_word(rgb: tuple[int, int, int]) -> str | None:
    """Return the basic colour term of a paint (sRGB, 0..255), None where two are as near.

    The nearest example in CIELAB names it when the next term's is a quarter farther away or more;
    a tint on white, grey or black has no word.
    """
    lightness, a, b = _lab(rgb)
    if math.hypot(a, b) < _NEUTRAL_CHROMA:
        return _nearest((lightness, 0.0, 0.0), _NEUTRAL)
    word = _nearest((lightness, a, b), {**_NEUTRAL, **_BRIGHT})
    return None if word in _NEUTRAL else word


def _nearest(lab: _Lab, known: Mapping[str, tuple[_Lab, ...]]) -> str | None:
    (nearest, word), (second, _) = sorted(
        (min(math.dist(lab, example) for example in examples), word)
        for word, examples in known.items()
    )[:2]
    return word if second >= _CLEARLY * nearest else None


def _lab(rgb: tuple[int, int, int]) -> _Lab:
    """Return the CIELAB coordinates of sRGB under D65 (IEC 61966-2-1, CIE 15)."""
    red, green, blue = (_linear(value / 255.0) for value in rgb)
    x = (0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047
    y = 0.2126729 * red + 0.7151522 * green + 0.0721750 * blue
    z = (0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883
    fx, fy, fz = (_cube_root(value) for value in (x, y, z))
    return 116.0 * fy - 16.0, 500.0 * (fx - fy), 200.0 * (fy - fz)


def _linear(value: float) -> float:
    return float(value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4)


def _cube_root(value: float) -> float:
    return float(
        value ** (1 / 3) if value > (6 / 29) ** 3 else value / (3 * (6 / 29) ** 2) + 4 / 29
    )
