"""From Gaussians to a list for each tile, front to back: projected, then sorted into tiles."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...rendering.engines.jit import inlined, kernel
from ...rendering.engines.threads import part_count, share
from .motion import Motion
from .particles import Particles, Rules
from .project import BOUNDS, RECORD, TILE, project
from .views import GaussianView


@dataclass(frozen=True, eq=False)
class TileLists:
    """The Gaussians of each tile, in the order in which they are blended.

    * order: uint32 (V,), the numbers of the Gaussians that are seen, front to back.
    * starts: int64 (tiles + 1,), where a tile's list begins in ``entries``; tiles row by row.
    * entries: uint32 (pairs,), numbers of Gaussians.
    """

    order: NDArray[np.uint32]
    starts: NDArray[np.int64]
    entries: NDArray[np.uint32]


class Projection:
    """Puts some Gaussians into the tiles of images; keeps its working memory between them.

    ``records`` float32 (N, RECORD) has of those that the last image shows what the blend reads.
    """

    def __init__(self, particles: Particles) -> None:
        count = len(particles.means)
        self.records = _by_cache_lines(count, RECORD)
        self._particles = particles
        self._orders = np.empty(count, np.float32)
        self._bounds = _by_cache_lines(count, BOUNDS)

    def lists(self, view: GaussianView, motion: Motion, rules: Rules) -> TileLists:
        """Return the lists of a view's tiles, row by row."""
        table = (view.table.pixels, view.table.reach, view.table.seen_rad, view.table.per_rad)
        size = (view.samples, view.lines)
        parts = part_count(max(1, len(self._orders) // 256))
        shared = (self._particles, motion, table, size, rules)
        outputs = (self._orders, self.records, self._bounds)
        share(lambda part: project(part, parts, *shared, *outputs), parts)
        return sorted_into_tiles(self._orders, self._bounds, *tiles_of(view))


def tiles_of(view: GaussianView) -> tuple[int, int]:
    """Return how many tiles lie side by side, and one below the other."""
    return -(-view.samples // TILE), -(-view.lines // TILE)


def _by_cache_lines(rows: int, columns: int) -> NDArray[np.float32]:
    """Return an array whose rows, of 64 bytes, each lie in one line of the cache."""
    raw = np.empty(rows * columns + 16, np.float32)
    start = (-raw.ctypes.data % 64) // 4
    return raw[start : start + rows * columns].reshape(rows, columns)


def sorted_into_tiles(
    orders: NDArray[np.float32],
    bounds: NDArray[np.float32],
    across: int,
    along: int,
) -> TileLists:
    """Return the lists of ``across`` x ``along`` tiles; equal distances go by number."""
    seen = np.flatnonzero(np.isfinite(orders)).astype(np.uint64)
    # Positive floats sort as their bits do.
    keys = orders[seen].view(np.uint32).astype(np.uint64) << np.uint64(32)
    keys |= seen
    keys.sort()
    order = keys.astype(np.uint32)
    tiles = across * along
    # Each part takes a run of the order, so that lists come out in order on any number of threads.
    parts = part_count(max(1, len(order) // 1024))
    counts = np.zeros((parts, tiles), np.int64)
    share(lambda part: _count(part, parts, order, bounds, across, counts), parts)
    ends = np.cumsum(counts.T.ravel()).reshape(tiles, parts)
    starts = np.append(0, ends[:, -1])
    entries = np.empty(starts[-1], np.uint32)
    ahead = np.ascontiguousarray((ends - counts.T).T)
    share(lambda part: _fill(part, parts, order, bounds, across, ahead, entries), parts)
    return TileLists(order, starts, entries)


@inlined
def _reaches(bounds, n, column, row):
    """Say whether a Gaussian's ellipse reaches a pixel of a tile."""
    u, v = bounds[n, 0], bounds[n, 1]
    xx, xy, yy = bounds[n, 2], bounds[n, 3], bounds[n, 4]
    left, top = np.float32(column * TILE) - u, np.float32(row * TILE) - v
    right, bottom = left + np.float32(TILE - 1), top + np.float32(TILE - 1)
    zero, half = np.float32(0.0), np.float32(0.5)
    if left <= zero <= right and top <= zero <= bottom:
        return True
    # The least of a convex form over a box is on the edges that face its centre.
    least = np.float32(np.inf)
    x = left if left > zero else (right if right < zero else zero)
    if x != zero:
        y = min(max(-xy * x / yy, top), bottom)
        least = min(least, half * (xx * x * x + yy * y * y) + xy * x * y)
    y = top if top > zero else (bottom if bottom < zero else zero)
    if y != zero:
        x = min(max(-xy * y / xx, left), right)
        least = min(least, half * (xx * x * x + yy * y * y) + xy * x * y)
    return least < bounds[n, 5]


@kernel
def _count(part, parts, order, bounds, across, counts):
    """Count a part's Gaussians by tile."""
    for k in range(len(order) * part // parts, len(order) * (part + 1) // parts):
        n = order[k]
        for row in range(int(bounds[n, 8]), int(bounds[n, 9])):
            for column in range(int(bounds[n, 6]), int(bounds[n, 7])):
                if _reaches(bounds, n, column, row):
                    counts[part, row * across + column] += 1


@kernel
def _fill(part, parts, order, bounds, across, ahead, entries):
    """Write a part's Gaussians behind those of the parts ahead of it; uses up ``ahead``."""
    for k in range(len(order) * part // parts, len(order) * (part + 1) // parts):
        n = order[k]
        for row in range(int(bounds[n, 8]), int(bounds[n, 9])):
            for column in range(int(bounds[n, 6]), int(bounds[n, 7])):
                if _reaches(bounds, n, column, row):
                    tile = row * across + column
                    entries[ahead[part, tile]] = n
                    ahead[part, tile] += 1
