"""The colour of a track: the same in contact sheets and on the page, far from its neighbours'."""

from __future__ import annotations

import colorsys

from ..paint import Rgb

_GOLDEN = 0.381966
_BEGIN = 0.55
_LIGHTNESS, _SATURATION = 0.62, 0.85


def track_colour(track_id: int) -> Rgb:
    """Return the colour of a track, bright enough for any image; hues turn by the golden angle."""
    hue = (_BEGIN + _GOLDEN * track_id) % 1.0
    red, green, blue = colorsys.hls_to_rgb(hue, _LIGHTNESS, _SATURATION)
    return round(255 * red), round(255 * green), round(255 * blue)
