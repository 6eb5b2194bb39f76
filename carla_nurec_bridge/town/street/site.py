"""Where something may be built: the land beside the roads that nothing stands on yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ...opendrive.model import OpenDriveMap, Road
from ...opendrive.raster import Mask, RasterGrid, grow
from ...opendrive.strips import Strip
from ...opendrive.surface import Pavement
from .parts import Array


@dataclass(frozen=True, eq=False)
class Frontage:
    """One side of a road: the outer edge of what is paved, and which way is outwards.

    * s (N,), edge (N, 3): stations and points of the edge in metres.
    * outward (N, 2): unit vectors away from the road.
    * kerb (N, 3): the outer edge of the carriageway there.
    * side: +1 left, -1 right of the reference line.
    """

    road: Road
    side: int
    s: Array
    edge: Array
    outward: Array
    kerb: Array

    def at(self, s: float) -> tuple[Array, Array, Array]:
        """Return (edge point, outward vector, kerb point) at ``s``, interpolated."""
        share = [np.interp(s, self.s, column) for column in (*self.edge.T, *self.kerb.T)]
        index = min(int(np.searchsorted(self.s, s)), len(self.s) - 1)
        return np.array(share[:3]), self.outward[index], np.array(share[3:])


class Site:
    """Keeps the account of free ground; cells once taken stay taken."""

    def __init__(self, built: Pavement, margin_m: float) -> None:
        self.grid: RasterGrid = built.grid
        self._taken: Mask = grow(built.covered, int(np.ceil(margin_m / built.grid.cell_m)))

    def take(self, polygon: Array) -> bool:
        """Take a convex polygon (K, 2+) if all of it is free and on the grid; say whether."""
        pixels = self.grid.fixed(polygon) / 16.0
        low = np.floor(pixels.min(axis=0)).astype(int) - 1
        high = np.ceil(pixels.max(axis=0)).astype(int) + 2
        rows, columns = self.grid.shape
        if low.min() < 0 or high[0] > columns or high[1] > rows:
            return False
        crop = self._taken[low[1] : high[1], low[0] : high[0]]
        shape: NDArray[np.uint8] = np.zeros(crop.shape, np.uint8)
        moved = np.rint((pixels - low) * 16.0).astype(np.int32)
        cv2.fillConvexPoly(shape, moved, 1.0, shift=4)
        if np.any(crop & shape):
            return False
        crop |= shape
        return True


def frontages(opendrive: OpenDriveMap, built: Pavement) -> Iterator[Frontage]:
    """Yield both sides of every road outside junctions, section by section."""
    groups: dict[tuple[str, float, int], list[Strip]] = {}
    for strip in built.strips:
        if strip.road.junction is None:
            key = (strip.road.id, strip.section.s, 1 if strip.lane.id > 0 else -1)
            groups.setdefault(key, []).append(strip)
    for (road_id, _, side), strips in groups.items():
        outermost = max(strips, key=lambda strip: abs(strip.lane.id))
        paved = [strip for strip in strips if strip.paved]
        if not paved:
            continue
        kerb = max(paved, key=lambda strip: abs(strip.lane.id)).outer
        _, _, heading = outermost.road.plan.pose(outermost.s)
        outward = side * np.stack([-np.sin(heading), np.cos(heading)], axis=-1)
        yield Frontage(opendrive.roads[road_id], side, outermost.s, outermost.outer, outward, kerb)
