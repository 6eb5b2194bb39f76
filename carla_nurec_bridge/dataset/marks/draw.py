"""Draw marks onto an image of any size: boxes, masks or 3D boxes, and the labels over them."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from ..truth import ObjectTruth
from .labels import MarkLabel

Style = Literal["2d", "3d", "mask"]
STYLES: tuple[Style, ...] = get_args(Style)
Image = NDArray[np.uint8]
Colour = tuple[int, int, int]
Line = NDArray[np.float64]

_GOLDEN = 0.618034
_ALPHA = 0.3
_PLATE, _INK, _SHADOW = (16, 16, 16), (255, 255, 255), (0, 0, 0)
_FONT = cv2.FONT_HERSHEY_DUPLEX
_SHIFT = 4
"""Bits of a pixel's fraction that OpenCV draws with."""


def mark_colour(mark: int) -> Colour:
    """Return the colour of a mark, sRGB: neighbouring numbers lie far apart in hue."""
    hue = (0.02 + _GOLDEN * (mark - 1)) % 1.0
    value = 1.0 if (mark - 1) % 2 == 0 else 0.82
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.85, value)
    return round(255 * red), round(255 * green), round(255 * blue)


@dataclass(frozen=True)
class MarkedFrame:
    """What is drawn into a frame, in pixels of the camera's own image.

    ``edges`` are the lines (N, 2) of each object's 3D box by its mark.
    """

    size: tuple[int, int]
    objects: Mapping[int, ObjectTruth]
    labels: Sequence[MarkLabel]
    edges: Mapping[int, Sequence[Line]]


def draw_marks(image: Image, frame: MarkedFrame, style: Style) -> Image:
    """Return a copy of an RGB image (H, W, 3) with marks, scaled from the camera's size to its."""
    drawn = image.copy()
    scale = image.shape[1] / frame.size[0], image.shape[0] / frame.size[1]
    thick = max(1, round(image.shape[0] / 400))
    far_first = sorted(frame.objects.items(), key=lambda item: -item[1].distance_m)
    for mark, one in far_first:
        colour = mark_colour(mark)
        if style == "mask":
            _fill(drawn, one, colour, scale, thick)
        elif style == "2d":
            _rectangle(drawn, one, colour, scale, thick)
        else:
            lines = [line * scale for line in frame.edges.get(mark, ())]
            _lines(drawn, lines, _SHADOW, thick + 2)
            _lines(drawn, lines, colour, thick)
    _labels(drawn, frame.labels, scale, thick)
    return drawn


def _rectangle(
    drawn: Image, one: ObjectTruth, colour: Colour, scale: tuple[float, float], thick: int
) -> None:
    assert one.box_visible_px is not None
    x, y, width, height = one.box_visible_px
    low = _fixed(x * scale[0], y * scale[1])
    high = _fixed((x + width) * scale[0], (y + height) * scale[1])
    cv2.rectangle(drawn, low, high, _SHADOW, thick + 2, cv2.LINE_AA, _SHIFT)
    cv2.rectangle(drawn, low, high, colour, thick, cv2.LINE_AA, _SHIFT)


def _fill(
    drawn: Image, one: ObjectTruth, colour: Colour, scale: tuple[float, float], thick: int
) -> None:
    """Tint an object's pixels and draw the outline of its mask, dark below the colour."""
    assert one.mask is not None
    assert one.box_visible_px is not None
    left, top, width, height = map(int, one.box_visible_px)
    part = one.mask.part(left, top, width, height).view(np.uint8)
    x0, y0 = round(left * scale[0]), round(top * scale[1])
    x1 = min(max(round((left + width) * scale[0]), x0 + 1), drawn.shape[1])
    y1 = min(max(round((top + height) * scale[1]), y0 + 1), drawn.shape[0])
    if x1 <= x0 or y1 <= y0:
        return
    if (x1 - x0, y1 - y0) != (width, height):
        part = np.asarray(cv2.resize(part, (x1 - x0, y1 - y0), interpolation=cv2.INTER_NEAREST))
    region = drawn[y0:y1, x0:x1]
    tinted = cv2.addWeighted(region, 1 - _ALPHA, np.full_like(region, colour), _ALPHA, 0.0)
    cv2.copyTo(tinted, part, region)
    outlines, _ = cv2.findContours(part, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    for shade, wide in ((_SHADOW, thick + 1), (colour, thick)):
        cv2.drawContours(drawn, outlines, -1, shade, wide, cv2.LINE_AA, offset=(x0, y0))


def _lines(drawn: Image, lines: Sequence[Line], colour: Colour, thick: int) -> None:
    fixed = [np.round(line * (1 << _SHIFT)).astype(np.int32) for line in lines]
    cv2.polylines(drawn, fixed, False, colour, thick, cv2.LINE_AA, _SHIFT)


def _labels(
    drawn: Image, labels: Sequence[MarkLabel], scale: tuple[float, float], thick: int
) -> None:
    for label in labels:
        if label.led:
            left, top, right, bottom = label.plate
            start = _fixed((left + right) / 2 * scale[0], (top + bottom) / 2 * scale[1])
            end = _fixed(label.anchor[0] * scale[0], label.anchor[1] * scale[1])
            colour = mark_colour(label.mark)
            cv2.line(drawn, start, end, _SHADOW, thick + 2, cv2.LINE_AA, _SHIFT)
            cv2.line(drawn, start, end, colour, thick, cv2.LINE_AA, _SHIFT)
            radius = round((thick + 0.5) * (1 << _SHIFT))
            cv2.circle(drawn, end, radius, colour, cv2.FILLED, cv2.LINE_AA, _SHIFT)
    for label in labels:
        _label(drawn, label, scale, thick)


def _label(drawn: Image, label: MarkLabel, scale: tuple[float, float], thick: int) -> None:
    """Draw a plate: dark with a border of the mark's colour, the number light and in its middle."""
    left, top, right, bottom = label.plate
    x, y = (left + right) / 2 * scale[0], (top + bottom) / 2 * scale[1]
    shrunk = min(scale)
    width, height = (right - left) * shrunk, (bottom - top) * shrunk
    low = round(x - width / 2), round(y - height / 2)
    high = round(x + width / 2), round(y + height / 2)
    cv2.rectangle(drawn, low, high, _PLATE, cv2.FILLED)
    cv2.rectangle(drawn, low, high, mark_colour(label.mark), thick, cv2.LINE_AA)
    text = str(label.mark)
    stroke = max(1, round(height / 14))
    size = cv2.getFontScaleFromHeight(_FONT, max(round(height * 0.6), 6), stroke)
    (text_width, text_height), _ = cv2.getTextSize(text, _FONT, size, stroke)
    at = round(x - text_width / 2), round(y + text_height / 2)
    cv2.putText(drawn, text, at, _FONT, size, _INK, stroke, cv2.LINE_AA)


def _fixed(x: float, y: float) -> tuple[int, int]:
    """Return a point with OpenCV's fractions; its pixels' centres have whole numbers."""
    return round((x - 0.5) * (1 << _SHIFT)), round((y - 0.5) * (1 << _SHIFT))
