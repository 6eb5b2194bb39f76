"""Where the labels of a frame go: onto their objects, or beside them with a line."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..truth import ObjectTruth
from .anchors import Anchor, Point, anchor_of

Rectangle = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels."""

_HEIGHT = 1 / 26
"""Height of a label, part of the image's."""
_DIGIT = 0.62
"""Width of a digit, part of the label's height."""
_MARGIN = 0.5
_COVERED_IN, _COVERED_OUT = 0.35, 0.5
"""A label goes onto an object of which it covers less than the first, off it above the second."""
_DIRECTIONS = tuple(
    (math.cos(math.radians(angle)), math.sin(math.radians(angle)))
    for angle in (-90, -45, -135, 0, 180, 45, 135, 90, -67, -113, -22, -158, 22, 158, 67, 113)
)
"""Upwards first, y being down."""
_RINGS = (1.0, 2.0, 3.5, 5.5, 8.0, 12.0)
_OVER_OBJECT, _MOVED = 3.0, 2.0
_CLEAR = 0.12
"""Room between two labels, part of their height."""


@dataclass(frozen=True)
class MarkLabel:
    """A label of a frame: its mark, its plate, and the point on the object that it names."""

    mark: int
    plate: Rectangle
    anchor: Point
    led: bool
    """Whether a line leads from the plate to the point."""


@dataclass(frozen=True)
class _Placed:
    anchor: Anchor
    offset: Point | None
    """From the anchor to the middle of the plate, in heights of a label; None on the object."""
    number: int


def label_size(mark: int, image_height: int) -> tuple[float, float]:
    """Return the width and height of a mark's plate in an image, px."""
    height = max(image_height * _HEIGHT, 12.0)
    return height * (_DIGIT * len(str(mark)) + _MARGIN), height


class LabelPlacer:
    """Places the labels of a clip frame by frame, each near where it was; it remembers only that.

    ``missing`` counts labels for which there was no room.
    """

    def __init__(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._before: dict[int, _Placed] = {}
        self._number = 0
        self.missing = 0

    def place(self, objects: Mapping[int, ObjectTruth]) -> list[MarkLabel]:
        """Return the labels of the next frame's objects, which are given by their marks.

        No plate lies on another or beyond the image. Those that need no line go first.
        """
        self._number += 1
        anchors = {mark: self._anchor(mark, one) for mark, one in objects.items()}
        on_object = {mark: self._fits(mark, one) for mark, one in objects.items()}
        boxes = np.array([_rectangle(one) for one in objects.values()]).reshape(-1, 4)
        taken: list[Rectangle] = []
        labels: list[MarkLabel] = []
        for mark in sorted(objects, key=lambda mark: (not on_object[mark], mark)):
            anchor = anchors[mark]
            found = self._find(mark, anchor.point, on_object[mark], taken, boxes)
            if found is None:
                self.missing += 1
                continue
            plate, offset = found
            taken.append(plate)
            labels.append(MarkLabel(mark, plate, anchor.point, offset is not None))
            self._before[mark] = _Placed(anchor, offset, self._number)
        return sorted(labels, key=lambda label: label.mark)

    def _recent(self, mark: int) -> _Placed | None:
        """Return where it was in the frame before; what is longer ago holds no more."""
        before = self._before.get(mark)
        return before if before is not None and before.number == self._number - 1 else None

    def _anchor(self, mark: int, one: ObjectTruth) -> Anchor:
        before = self._recent(mark)
        return anchor_of(one, None if before is None else before.anchor)

    def _fits(self, mark: int, one: ObjectTruth) -> bool:
        width, height = label_size(mark, self._height)
        before = self._recent(mark)
        stays = before is None or before.offset is None
        return width * height <= (_COVERED_OUT if stays else _COVERED_IN) * one.visible_px

    def _find(
        self,
        mark: int,
        point: Point,
        on_object: bool,
        taken: list[Rectangle],
        boxes: NDArray[np.float64],
    ) -> tuple[Rectangle, Point | None] | None:
        """Return the plate and its offset, the cheapest of those that are free."""
        width, height = label_size(mark, self._height)
        others = np.array(taken).reshape(-1, 4)
        if on_object:
            plate = self._within(_around(point, width, height))
            if not _overlaps(plate, others, _CLEAR * height).any():
                return plate, None
        before = self._recent(mark)
        kept = None if before is None else before.offset
        wanted = [(x * ring, y * ring) for ring in _RINGS for x, y in _DIRECTIONS]
        if kept is not None:
            wanted.insert(0, kept)
        best: tuple[float, Rectangle, Point] | None = None
        for x, y in wanted:
            if best is not None and math.hypot(x, y) >= best[0]:
                continue  # what else there is to it only makes it dearer
            middle = (point[0] + x * (height + 0.5 * (width - height)), point[1] + y * height)
            asked = _around(middle, width, height)
            plate = self._within(asked)
            if plate != asked or _overlaps(plate, others, _CLEAR * height).any():
                continue
            cost = math.hypot(x, y)
            cost += _OVER_OBJECT * float(_overlaps(plate, boxes, 0.0).sum())
            if kept is not None:
                cost += _MOVED * min(math.hypot(x - kept[0], y - kept[1]), 1.0)
            if best is None or cost < best[0]:
                best = (cost, plate, (x, y))
        return None if best is None else best[1:]

    def _within(self, plate: Rectangle) -> Rectangle:
        """Return a plate moved into the image."""
        left, top, right, bottom = plate
        x = max(-left, 0.0) + min(self._width - right, 0.0)
        y = max(-top, 0.0) + min(self._height - bottom, 0.0)
        return left + x, top + y, right + x, bottom + y


def _around(middle: Point, width: float, height: float) -> Rectangle:
    x, y = middle
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _rectangle(one: ObjectTruth) -> Rectangle:
    assert one.box_visible_px is not None
    x, y, width, height = one.box_visible_px
    return x, y, x + width, y + height


def _overlaps(plate: Rectangle, others: NDArray[np.float64], room_px: float) -> NDArray[np.bool_]:
    """Return which of other rectangles (N, 4) come nearer to a plate than ``room_px``."""
    left, top, right, bottom = plate
    found: NDArray[np.bool_] = (
        (others[:, 0] < right + room_px)
        & (others[:, 2] > left - room_px)
        & (others[:, 1] < bottom + room_px)
        & (others[:, 3] > top - room_px)
    )
    return found
