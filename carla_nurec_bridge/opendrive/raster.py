"""A map area as an image: which cells are covered, and at what height."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.uint8]

_SHIFT = 4
_MAX_CELLS = 40_000_000


@dataclass(frozen=True)
class RasterGrid:
    """Cells of ``cell_m`` metres whose first one is centred on (x0, y0); shape is (rows, columns).

    Rows grow with y, columns with x.
    """

    x0: float
    y0: float
    cell_m: float
    shape: tuple[int, int]

    @staticmethod
    def around(points: Array, cell_m: float, margin_m: float) -> RasterGrid:
        """Return the grid that holds all points (N, 2+) with a margin.

        Maps too large for cells of ``cell_m`` get larger ones (40 million cells at most).
        """
        low = points[:, :2].min(axis=0) - margin_m
        extent = points[:, :2].max(axis=0) + margin_m - low
        cell_m = max(cell_m, float(np.sqrt(extent[0] * extent[1] / _MAX_CELLS)))
        columns, rows = (int(x) for x in np.ceil(extent / cell_m) + 1)
        return RasterGrid(float(low[0]), float(low[1]), cell_m, (rows, columns))

    def empty(self) -> Mask:
        """Return a mask with nothing covered."""
        return np.zeros(self.shape, np.uint8)

    def fixed(self, polygons: Array) -> NDArray[np.int32]:
        """Return points (..., 2+) as OpenCV fixed-point pixel coordinates."""
        pixels = (polygons[..., :2] - (self.x0, self.y0)) / self.cell_m
        return np.rint(pixels * (1 << _SHIFT)).astype(np.int32)

    def paint(self, image: NDArray, polygons: Array, values: ArrayLike = 1.0) -> None:
        """Cover convex polygons (N, K, 2+), one after the other, with a value or values (N,)."""
        each = np.broadcast_to(np.asarray(values, np.float64), len(polygons)).tolist()
        for corners, value in zip(self.fixed(polygons), each, strict=True):
            cv2.fillConvexPoly(image, corners, value, shift=_SHIFT)

    def cells(self, points: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return (rows, columns) of the cells of points (..., 2+), clipped to the grid."""
        pixels = np.rint((points[..., :2] - (self.x0, self.y0)) / self.cell_m).astype(np.intp)
        rows = np.clip(pixels[..., 1], 0, self.shape[0] - 1)
        return rows, np.clip(pixels[..., 0], 0, self.shape[1] - 1)

    def centres(self, rows: NDArray, columns: NDArray) -> Array:
        """Return the (N, 2) centres of cells in metres."""
        return np.stack([self.x0 + columns * self.cell_m, self.y0 + rows * self.cell_m], axis=-1)


def grow(mask: Mask, cells: int) -> Mask:
    """Return the mask grown (or, below zero, shrunk) by a number of cells, round at corners."""
    if not cells:
        return mask
    size = 2 * abs(cells) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    work = cv2.dilate if cells > 0 else cv2.erode
    return np.asarray(work(mask, kernel), np.uint8)


def without_holes(mask: Mask) -> Mask:
    """Return the mask with every hole filled that does not reach the border."""
    outside = np.zeros((mask.shape[0] + 4, mask.shape[1] + 4), np.uint8)
    padded = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    cv2.floodFill(padded, outside, (0, 0), 2)
    return np.asarray(padded[1:-1, 1:-1] != 2, np.uint8)


def outlines(mask: Mask, grid: RasterGrid, tolerance_m: float) -> list[Array]:
    """Return the borders (N, 2) of the covered area in metres, holes included."""
    contours, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    result = []
    for contour in contours:
        simple = cv2.approxPolyDP(contour, tolerance_m / grid.cell_m, True)[:, 0]
        if len(simple) >= 3:
            result.append(grid.centres(simple[:, 1], simple[:, 0]).astype(np.float64))
    return result


def dense(loops: Sequence[Array], spacing_m: float) -> Array:
    """Return the corners (N, 2) of closed lines, and further points at most a spacing apart."""
    begin = np.concatenate(loops)
    end = np.concatenate([np.roll(loop, -1, axis=0) for loop in loops])
    along = end - begin
    counts = np.maximum(np.ceil(np.hypot(*along.T) / spacing_m), 1).astype(np.int64)
    side = np.repeat(np.arange(len(begin)), counts)
    number = np.arange(len(side)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.asarray(begin[side] + along[side] * (number / counts[side])[:, None])


def runs(mask: Mask, grid: RasterGrid) -> Array:
    """Return the covered cells as rectangles (N, 4, 2), one per run of cells in a row.

    Corners are counter-clockwise seen from above.
    """
    padded = np.pad(mask.astype(np.int8), ((0, 0), (1, 1)))
    change = np.diff(padded, axis=1)
    rows, first = np.nonzero(change == 1)
    _, behind = np.nonzero(change == -1)
    half = 0.5 * grid.cell_m
    low = grid.centres(rows, first) - half
    high = grid.centres(rows, behind - 1) + half
    return np.stack(
        [low, np.stack([high[:, 0], low[:, 1]], -1), high, np.stack([low[:, 0], high[:, 1]], -1)],
        axis=1,
    )
