"""Colours of semantic tags (CARLA's) and of instances (our own, never two alike)."""

from __future__ import annotations

import colorsys
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError
from ..core.semantic_tag import Tag
from ..world.semantic_tags import semantic_tags
from .kernels import all_known, paint

Rgb = tuple[int, int, int]
SKY = Tag.SKY
# Powers of the root of x^4 = x + 1: multiples of them fill a cube evenly (R3 sequence).
_STEP = (0.8191725133961645, 0.6710436067037893, 0.5497004779019703)
_LARGEST_ID = 1 << 24


@cache
def semantic_table() -> NDArray[np.uint8]:
    """Return the colours (256, 3) RGB of tags; those without a colour are black."""
    table = np.zeros((256, 3), np.uint8)
    for tag in semantic_tags():
        table[tag.tag] = tag.rgb
    return table


def semantic_rgb(tags: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the colours (H, W, 3) RGB of a tag image (H, W); tags without a colour are black."""
    colours = np.empty((*tags.shape, 3), np.uint8)
    paint(np.ascontiguousarray(tags), semantic_table(), colours)
    return colours


def _nth_colour(index: int) -> Rgb:
    """Return the ``index``-th colour of a sequence that spreads over all that are not dark."""
    hue, pale, dark = ((step * (index + 1)) % 1.0 for step in _STEP)
    red, green, blue = colorsys.hsv_to_rgb(hue, 1.0 - 0.6 * pale, 1.0 - 0.5 * dark)
    return round(red * 255), round(green * 255), round(blue * 255)


class InstancePalette:
    """Colours handed out in the order in which ids appear; 0 (no instance) is black.

    The same sequence of frames gives the same colours, and no two ids share one.
    """

    def __init__(self) -> None:
        self._table: NDArray[np.uint8] = np.zeros((1 << 10, 3), np.uint8)
        self._known: NDArray[np.bool_] = np.zeros(1 << 10, np.bool_)
        self._known[0] = True
        self._used: set[Rgb] = {(0, 0, 0)}
        self._next = 0
        self.tags: dict[int, int] = {}

    def rgb(self, ids: NDArray[np.int32], tags: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the colours (H, W, 3) RGB of an id image (H, W).

        ``tags`` (H, W) tell the class of a new id: that of its first pixel. InputError for an id
        below 0 or of more than 24 bits.
        """
        ids = np.ascontiguousarray(ids)
        self._make_room(ids)
        if not all_known(ids.reshape(-1), self._known):
            self._learn(ids, tags)
        colours = np.empty((*ids.shape, 3), np.uint8)
        paint(ids, self._table, colours)
        return colours

    def table(self, ids: NDArray[np.int32], tags: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the colours (N, 3) by id, with all of an id image; see ``rgb``.

        For a few images: it is slower, and needs no machine code.
        """
        self._make_room(ids)
        self._learn(ids, tags)
        return self._table

    def entries(self) -> list[dict[str, Any]]:
        """Return id, tag and colour of every instance seen, by id."""
        return [
            {"id": i, "tag": self.tags[i], "rgb": [int(c) for c in self._table[i]]}
            for i in sorted(self.tags)
        ]

    def _unused(self) -> Rgb:
        while True:
            colour = _nth_colour(self._next)
            self._next += 1
            if colour not in self._used:
                self._used.add(colour)
                return colour

    def _learn(self, ids: NDArray[np.int32], tags: NDArray[np.uint8]) -> None:
        """Give new ids their colours, the smallest first."""
        flat = ids.ravel()
        for new in np.unique(flat[~self._known[flat]]):
            self._table[new] = self._unused()
            self._known[new] = True
            self.tags[int(new)] = int(tags.ravel()[np.argmax(flat == new)])

    def _make_room(self, ids: NDArray[np.int32]) -> None:
        low, high = int(ids.min()), int(ids.max())
        if low < 0 or high >= _LARGEST_ID:
            raise InputError(
                f"instance ids must lie in 0 to {_LARGEST_ID - 1}, found {low}, {high}"
            )
        self._grow(high + 1)

    def _grow(self, size: int) -> None:
        if size > len(self._known):
            room = 1 << (size - 1).bit_length()
            self._table = np.concatenate(
                [self._table, np.zeros((room - len(self._table), 3), np.uint8)]
            )
            self._known = np.concatenate([self._known, np.zeros(room - len(self._known), np.bool_)])
