"""The ground of a map as triangles: lanes, closed junctions, and the land around them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError
from ..core.loading.deferred import deferred
from .geometry import MAP_REACH_M
from .model import OpenDriveMap
from .raster import (
    Mask,
    RasterGrid,
    grow,
    runs,
    without_holes,
)
from .strips import CARRIAGEWAY, Strip, lane_strips

spatial = deferred("scipy.spatial")

Array = NDArray[np.float64]

CELL_M = 0.25
_CLOSING_M = 4.0
SUNK_M = 0.01
"""What fills a junction is drawn so much lower than its ways, so as not to shine through them."""
_HIGHEST_STEP_M = 2.0


@dataclass(frozen=True, eq=False)
class Pavement:
    """All that is built: strips, which of their quads are kept, and fillings of junctions.

    * strips and kept: one bool array (quads of the strip,) per strip; raised quads that would lie
      on a carriageway (the sidewalk of one way across the mouth of another) are not kept.
    * fillings: (N, 4, 3) quads that close junctions between their ways, 1 cm below them.
    * grid, covered: the cells under any of these.
    * carriageway: the cells where vehicles may drive.
    """

    strips: tuple[Strip, ...]
    kept: tuple[NDArray[np.bool_], ...]
    fillings: Array
    grid: RasterGrid
    covered: Mask
    carriageway: Mask


@lru_cache(maxsize=4)
def pavement(opendrive: OpenDriveMap) -> Pavement:
    """Return what is built on a map; InputError when it has no lanes at all."""
    strips = lane_strips(opendrive)
    if not strips:
        raise InputError(f"map {opendrive.name} has no lanes; there is nothing to build")
    for strip in strips:
        reach = np.max(np.abs([strip.inner, strip.outer]))
        if not reach < MAP_REACH_M:
            raise InputError(
                f"map {opendrive.name}: lane {strip.lane.id} of road {strip.road.id} reaches "
                f"{reach:.3g} m from the origin, and at most {MAP_REACH_M:g} m can be built: move "
                "the map to its origin (take its middle off x and y of every <geometry>, and give "
                "that as the header's <offset>, so that its place on earth stays)"
            )
    rails = np.concatenate([np.concatenate([x.inner, x.outer]) for x in strips])
    grid = RasterGrid.around(rails, CELL_M, 24.0)
    road_z = np.full(grid.shape, -np.inf, np.float32)
    for strip in strips:
        if strip.paved:
            quads = strip.quads()
            grid.paint(road_z, quads, quads[..., 2].max(axis=1))
    # Cells at a border belong to both sides; only those inside a carriageway displace others.
    road_z[grow(np.isfinite(road_z).astype(np.uint8), -1) == 0] = -np.inf
    kept = tuple(_kept(strip, grid, road_z) for strip in strips)
    pieces = [np.zeros((0, 4, 3))]
    by_junction: dict[str, list[int]] = defaultdict(list)
    for index, strip in enumerate(strips):
        if strip.road.junction is not None:
            by_junction[strip.road.junction].append(index)
    for members in by_junction.values():
        pieces.append(_filling([strips[i] for i in members], [kept[i] for i in members]))
    fillings = np.concatenate(pieces)
    covered, carriageway = grid.empty(), grid.empty()
    for strip, keep in zip(strips, kept, strict=True):
        grid.paint(covered, strip.quads()[keep])
        if strip.lane.type in CARRIAGEWAY:
            grid.paint(carriageway, strip.quads()[keep])
    grid.paint(covered, fillings)
    grid.paint(carriageway, fillings)
    return Pavement(tuple(strips), kept, fillings, grid, covered, carriageway)


def _kept(strip: Strip, grid: RasterGrid, road_z: NDArray[np.float32]) -> NDArray[np.bool_]:
    quads = strip.quads()
    keep = np.ones(len(quads), bool)
    if strip.paved:
        return keep
    along = np.linspace(0.1, 0.9, 3)[:, None]
    across = np.linspace(0.2, 0.8, 4)[None, :]
    back, right = 1.0 - along, 1.0 - across
    corners = (back * right, along * right, along * across, back * across)
    shares = np.stack([share.ravel() for share in corners])
    points = np.einsum("kp,qkc->qpc", shares, quads)
    z = road_z[grid.cells(points)]
    return keep & ~np.any(np.abs(z - points[..., 2]) < 1.0, axis=1)


def _filling(strips: list[Strip], kept: list[NDArray[np.bool_]]) -> Array:
    rails = np.concatenate([np.concatenate([x.inner, x.outer]) for x in strips])
    grid = RasterGrid.around(rails, CELL_M, _CLOSING_M + 2.0)
    road, raised = grid.empty(), grid.empty()
    heights = []
    for strip, keep in zip(strips, kept, strict=True):
        quads = strip.quads()[keep]
        if strip.paved:
            grid.paint(road, quads)
            heights += [strip.inner, strip.outer]
        else:
            grid.paint(raised, quads)
    if not heights:
        return np.zeros((0, 4, 3))
    size = int(_CLOSING_M / grid.cell_m)
    closed = without_holes(grow(grow(road, size), -size))
    missing: Mask = closed & (1 - grow(road, -1)) & (1 - grow(raised, -1))
    # Only what lies beside a gap is needed: bands along ways that are covered anyway are dropped.
    gaps: Mask = closed & (1 - road) & (1 - raised)
    missing &= grow(gaps, 2)
    flat = runs(missing, grid)
    if not len(flat):
        return np.zeros((0, 4, 3))
    samples = np.concatenate(heights)
    distance, nearest = spatial.cKDTree(samples[:, :2]).query(
        flat.reshape(-1, 2), k=min(4, len(samples))
    )
    weight = 1.0 / np.maximum(distance.reshape(len(flat) * 4, -1), 0.05) ** 2
    near = samples[nearest.reshape(weight.shape), 2]
    z = np.sum(weight * near, axis=1) / np.sum(weight, axis=1) - SUNK_M
    # Between ways above each other there is nothing to close.
    level = (np.ptp(near, axis=1) < _HIGHEST_STEP_M).reshape(-1, 4).all(axis=1)
    return np.concatenate([flat, z.reshape(-1, 4, 1)], axis=-1)[level]
