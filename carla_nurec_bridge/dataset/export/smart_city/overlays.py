"""The pipeline's images for people: boxes, masks, boxes in space and collisions drawn on the image.

What its own look like: red boxes with the id in their middle, masks with 40 % of their colour.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from ....core.cameras.models import CameraModel
from ...marks.box_edges import box_edges
from ...odvg.frame import object_id
from ...truth import ObjectTruth

ByteImage = NDArray[np.uint8]
Rgb = tuple[int, int, int]

_RED, _WHITE = (255, 0, 0), (255, 255, 255)
_FONT, _SCALE, _THICK, _MARGIN = cv2.FONT_HERSHEY_SIMPLEX, 0.5, 1, 2
_LINE = 2
_ALPHA = 0.4
_SHIFT = 4
"""Bits of a pixel's fraction that OpenCV draws with."""


def with_boxes(rgb: ByteImage, objects: Iterable[ObjectTruth]) -> ByteImage:
    """Return a copy (H, W, 3) with the visible box of each object and its id in the middle."""
    drawn = rgb.copy()
    for one in objects:
        if one.box_visible_px is not None:
            x, y, width, height = map(int, one.box_visible_px)
            cv2.rectangle(drawn, (x, y), (x + width - 1, y + height - 1), _RED, _LINE)
            _label(drawn, one, (x + width / 2, y + height / 2), _RED)
    return drawn


def with_masks(
    rgb: ByteImage, objects: Iterable[ObjectTruth], colours: Mapping[int, Rgb]
) -> ByteImage:
    """Return a copy with each object's pixels in its colour, by track id, and its outline.

    The id stands at the pixel of the mask that is farthest from its edge.
    """
    drawn = rgb.copy()
    for one in objects:
        if one.mask is None or one.box_visible_px is None:
            continue
        x, y, width, height = map(int, one.box_visible_px)
        part = one.mask.part(x, y, width, height)
        colour = colours[one.track_id]
        pixels = drawn[y : y + height, x : x + width]
        mixed = pixels[part] * (1.0 - _ALPHA) + np.array(colour) * _ALPHA
        pixels[part] = np.rint(mixed).astype(np.uint8)
        outlines, _ = cv2.findContours(
            part.view(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE, offset=(x, y)
        )
        cv2.drawContours(drawn, outlines, -1, colour, 1)
        inner = cv2.distanceTransform(np.pad(part, 1).view(np.uint8), cv2.DIST_L2, 3)
        row, column = np.unravel_index(int(inner.argmax()), inner.shape)
        _label(drawn, one, (x + float(column) - 0.5, y + float(row) - 0.5), colour)
    return drawn


def with_boxes_in_space(
    rgb: ByteImage, objects: Iterable[ObjectTruth], model: CameraModel
) -> ByteImage:
    """Return a copy with the edges of each object's box, through any lens; none behind it."""
    drawn = rgb.copy()
    for one in objects:
        # Pixel centres lie at half numbers, OpenCV's at whole ones.
        fixed = [np.rint((line - 0.5) * (1 << _SHIFT)) for line in box_edges(one.box_camera, model)]
        lines = [line.astype(np.int32) for line in fixed]
        cv2.polylines(drawn, lines, False, _RED, 1, cv2.LINE_AA, _SHIFT)
        middle, seen = model.project(np.array([one.box_camera.centre_m]))
        if seen[0]:
            _label(drawn, one, (float(middle[0, 0]), float(middle[0, 1])), _RED)
    return drawn


def _label(image: ByteImage, one: ObjectTruth, middle: tuple[float, float], plate: Rgb) -> None:
    text = str(object_id(one.track_id, one.actor_id))
    (width, height), _ = cv2.getTextSize(text, _FONT, _SCALE, _THICK)
    left, bottom = round(middle[0] - width / 2), round(middle[1] + height / 2)
    corner = (left - _MARGIN, bottom - height - _MARGIN)
    cv2.rectangle(image, corner, (left + width + _MARGIN, bottom + _MARGIN), plate, cv2.FILLED)
    cv2.putText(image, text, (left, bottom), _FONT, _SCALE, _WHITE, _THICK, cv2.LINE_AA)
