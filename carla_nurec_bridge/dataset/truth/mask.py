"""Which pixels of an image an object has, as COCO keeps them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask
from pydantic import Field

from ...core.errors import InputError
from ...core.run_contract.record import Record

BoolImage = NDArray[np.bool_]


class Mask(Record):
    """Which pixels of an image an object has, as COCO's compressed run lengths."""

    size: tuple[int, int] = Field(description="height and width of the image, px")
    counts: str = Field(description="run lengths in column order, as pycocotools writes them")

    @classmethod
    def of(cls, pixels: BoolImage) -> Mask:
        """Return the mask of an image (H, W) of bool."""
        height, width = pixels.shape
        return cls.of_part(pixels, 0, 0, (height, width))

    @classmethod
    def of_part(cls, part: BoolImage, left: int, top: int, size: tuple[int, int]) -> Mask:
        """Return the mask of a part (h, w) of an image of ``size`` (H, W) that has all of it."""
        height, width = size
        counts = _run_lengths(part, left, top, height, height * width)
        coded = coco_mask.frPyObjects({"size": [height, width], "counts": counts}, height, width)
        return cls(size=size, counts=coded["counts"].decode("ascii"))

    def pixels(self) -> BoolImage:
        """Return the image (H, W) of bool; InputError where the run lengths are not its.

        pycocotools does not look: run lengths that are too long write beyond its memory.
        """
        height, width = self.size
        return self.part(0, 0, width, height)

    def part(self, left: int, top: int, width: int, height: int) -> BoolImage:
        """Return a part (height, width) of the image; InputError as for ``pixels``, and beyond."""
        rows, columns = self.size
        if not (0 <= left <= left + width <= columns and 0 <= top <= top + height <= rows):
            raise InputError(
                f"a mask of {columns}x{rows} pixels has no part {width}x{height} at {left}, {top}"
            )
        runs = _read_run_lengths(self.counts)
        if not runs or min(runs) < 0 or sum(runs) != rows * columns:
            raise InputError(f"the run lengths of a mask are not those of {columns}x{rows} pixels")
        ends = np.cumsum([0, *runs]).clip(left * rows, (left + width) * rows)
        lengths = np.diff(ends)
        part = np.repeat(np.arange(len(runs)) % 2 == 1, lengths).reshape(width, rows)
        return np.ascontiguousarray(part.T[top : top + height])

    def coco(self) -> dict[str, Any]:
        """Return the ``segmentation`` of a COCO annotation."""
        return {"size": list(self.size), "counts": self.counts}


def _run_lengths(part: BoolImage, left: int, top: int, height: int, total: int) -> list[int]:
    """Return the lengths of runs of pixels without and with it, column by column."""
    rows, columns = part.shape
    padded = np.zeros((rows + 2, columns), np.int8)
    padded[1:-1] = part
    change = np.diff(padded, axis=0).T
    column, begin = np.nonzero(change == 1)
    _, end = np.nonzero(change == -1)
    corner = (column + left) * height + top
    borders = np.column_stack([corner + begin, corner + end]).ravel()
    joined = np.flatnonzero(borders[1:-1:2] == borders[2::2]) * 2 + 1
    borders = np.delete(borders, np.concatenate([joined, joined + 1]))
    lengths: list[int] = np.diff(borders, prepend=0, append=total).tolist()
    return lengths if lengths[-1] else lengths[:-1]


def _read_run_lengths(text: str) -> list[int]:
    """Return the run lengths that COCO's text holds, none where it is cut or no such text.

    A sign holds five bits, the lowest first; a sixth says that more follow. The last one's fifth
    bit is the number's sign. From the fourth number on, it is the difference to the last but one.
    """
    runs: list[int] = []
    value = shift = 0
    for letter in text:
        bits = ord(letter) - ord("0")
        if not 0 <= bits < 64:
            return []
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            value -= (bits & 16) << (shift - 4)
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value = shift = 0
    return [] if shift else runs
