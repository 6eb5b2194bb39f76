"""Changes of brightness from frame to frame that the source does not have."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ....labels.frame import ByteImage

ROWS, COLUMNS = 6, 8
_DARK = 0.05
_QUANTILE = 0.75
_MOVES_LEVELS, _STANDS_LEVELS = 1.0, 0.2

Cells = NDArray[np.float32]
"""Mean brightness (..., ROWS, COLUMNS) of the parts of an image, 0 to 1."""


def cells_of(grey: ByteImage) -> Cells:
    """Return the brightness of the parts of an image (H, W)."""
    mean = cv2.resize(grey.astype(np.float32), (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)
    return np.asarray(mean / np.float32(255.0), np.float32)


@dataclass(frozen=True)
class Flicker:
    """Relative changes of brightness beyond the source's: mean over frames, and the largest."""

    mean: float
    largest: float


def flicker_of(source: Cells, variant: Cells) -> Flicker:
    """Compare the cells (N, ROWS, COLUMNS) of two videos.

    A change is relative to the brightness, as eyes take it. The source may have changed as much in
    the frames and cells next to it. Of the cells of a frame the upper quartile counts: flicker of
    a whole image shows in most of them, something that passes by in few.
    """
    if len(variant) < 2:
        return Flicker(0.0, 0.0)
    allowed = _widest(_steps(source))
    beyond = np.maximum(_steps(variant) - allowed, 0.0)
    by_frame = np.quantile(beyond.reshape(len(beyond), -1), _QUANTILE, axis=1)
    return Flicker(float(by_frame.mean()), float(by_frame.max()))


def frozen(source_change: NDArray[np.float32], variant_change: NDArray[np.float32]) -> int:
    """Return how many frames stand still where the source moves.

    Both (N - 1,) are the mean absolute difference to the frame before, in levels of 255.
    """
    stands = (variant_change < _STANDS_LEVELS) & (source_change > _MOVES_LEVELS)
    return int(np.count_nonzero(stands))


def _steps(cells: Cells) -> Cells:
    """Return the relative changes (N - 1, ROWS, COLUMNS)."""
    between = (cells[1:] + cells[:-1]) / 2.0
    return np.asarray(np.abs(np.diff(cells, axis=0)) / (between + _DARK), np.float32)


def _widest(steps: Cells) -> Cells:
    """Return the largest of each value and those next to it in time and place."""
    padded = np.pad(steps, 1, mode="edge")
    count, rows, columns = steps.shape
    moved = [
        padded[t : t + count, r : r + rows, c : c + columns]
        for t in range(3)
        for r in range(3)
        for c in range(3)
    ]
    return np.asarray(np.maximum.reduce(moved), np.float32)
