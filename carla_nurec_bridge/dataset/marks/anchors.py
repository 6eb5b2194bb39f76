"""Where on an object its mark points: the innermost point of its mask, steady over frames."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..truth import ObjectTruth
from ..truth.mask import BoolImage

Point = tuple[float, float]

_GOOD = 0.6
"""An earlier point is kept while it is this part as far inside the mask as the innermost one."""
_DRIFT = 0.15
"""Part of the way to the innermost point that a kept point goes in a frame."""


@dataclass(frozen=True)
class Anchor:
    """A point in a mask, px, and how far from the mask's edge it is.

    ``share`` is where it lies in the object's projected box, from 0 to 1 in x and y.
    """

    point: Point
    inside_px: float
    share: Point


def anchor_of(one: ObjectTruth, before: Anchor | None) -> Anchor:
    """Return the anchor of an object with pixels; ``before`` is that of the frame before.

    The point is carried along with the projected 3D box. While it stays well inside the mask it
    only drifts to the innermost point; else it goes there at once.
    """
    assert one.mask is not None
    assert one.box_visible_px is not None
    left, top, width, height = map(int, one.box_visible_px)
    inside = inner_distances(one.mask.part(left, top, width, height))
    row, column = np.unravel_index(int(np.argmax(inside)), inside.shape)
    best = float(inside[row, column])
    point = (left + float(column) + 0.5, top + float(row) + 0.5)
    box = one.box_amodal_px or one.box_visible_px
    if before is not None:
        carried = box[0] + before.share[0] * box[2], box[1] + before.share[1] * box[3]
        x, y = int(np.floor(carried[0])) - left, int(np.floor(carried[1])) - top
        if 0 <= x < width and 0 <= y < height and inside[y, x] >= _GOOD * best:
            point = (
                carried[0] + _DRIFT * (point[0] - carried[0]),
                carried[1] + _DRIFT * (point[1] - carried[1]),
            )
    share = (point[0] - box[0]) / max(box[2], 1.0), (point[1] - box[1]) / max(box[3], 1.0)
    return Anchor(point, best, share)


def inner_distances(mask: BoolImage) -> np.ndarray:
    """Return how far each pixel (H, W) is from the nearest one outside of the mask, px.

    The image's edge counts as outside.
    """
    padded = cv2.copyMakeBorder(mask.view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    return np.asarray(cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1])
