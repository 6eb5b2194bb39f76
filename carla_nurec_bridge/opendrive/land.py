"""The land around the roads: a triangulated surface that meets every edge of the pavement."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError
from ..core.loading.deferred import deferred
from .model import OpenDriveMap
from .raster import dense, grow, outlines
from .surface import Pavement, pavement

spatial = deferred("scipy.spatial")

Array = NDArray[np.float64]

_NEAR_M, _MIDDLE, _FAR, _MOST_ROWS = 5.0, 3, 6, 1500
_REACH_M = 420.0
_BELOW_EDGE_M = 0.03
_HILLS_FROM_M, _HILL_M = 110.0, 17.0


@dataclass(frozen=True, eq=False)
class Land:
    """Vertices (V, 3) in metres and triangles (T, 3), counter-clockwise seen from above.

    ``under`` are the triangles that lie under the pavement; with them the plane has no holes.
    """

    vertices: Array
    triangles: NDArray[np.int32]
    under: NDArray[np.int32]


@lru_cache(maxsize=4)
def land(opendrive: OpenDriveMap) -> Land:
    """Return the land of a map: it reaches 420 m beyond the roads and has holes where they are.

    It meets the pavement 3 cm below its edge and follows its height; hills rise from 110 m away on.
    """
    built = pavement(opendrive)
    inside = grow(built.covered, -1)
    if not inside.any():
        inside = built.covered
    loops = outlines(inside, built.grid, 0.12)
    if not loops:
        raise InputError(
            f"map {opendrive.name}: its lanes cover no area; there is nothing to build"
        )
    border = dense(loops, 2.0)
    flat = np.concatenate([border, _nodes(built, inside)])
    triangles = spatial.Delaunay(flat).simplices
    centres = flat[triangles].mean(axis=1)
    rows, columns = built.grid.cells(centres)
    within = _within(built, centres)
    under = within & (inside[rows, columns] > 0)
    a, b, c = (flat[triangles[:, i]] for i in range(3))
    turn = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    triangles = np.where((turn < 0.0)[:, None], triangles[:, ::-1], triangles)
    triangles = triangles.astype(np.int32)
    real = np.abs(turn) > 1e-6
    z = _heights(built, flat, len(border))
    return Land(np.column_stack([flat, z]), triangles[real & ~under], triangles[real & under])


def _within(built: Pavement, points: Array) -> NDArray[np.bool_]:
    grid = built.grid
    high = (grid.x0 + grid.cell_m * grid.shape[1], grid.y0 + grid.cell_m * grid.shape[0])
    return np.all((points > (grid.x0, grid.y0)) & (points < high), axis=1)


def _nodes(built: Pavement, inside: NDArray[np.uint8]) -> Array:
    grid = built.grid
    distance = grid.cell_m * cv2.distanceTransform(
        np.asarray(inside == 0, np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
    )
    low = np.array([grid.x0, grid.y0])
    size = np.array([grid.shape[1], grid.shape[0]]) * grid.cell_m
    # Maps of many kilometres get a coarser lattice, so that its size stays bounded.
    unit = max(_NEAR_M, float(size.max()) / _MOST_ROWS)
    first = np.floor((low - _REACH_M) / (unit * _FAR)) * unit * _FAR
    counts = np.ceil((size + 2.0 * _REACH_M) / unit).astype(int) + _FAR
    i, j = (x.ravel() for x in np.meshgrid(*(np.arange(n) for n in counts), indexing="ij"))
    # Every second row is shifted by half a cell: fewer thin triangles, no visible lattice.
    points = first + np.stack([i + 0.5 * (j % 2), j], axis=-1) * unit
    beyond = np.max(np.maximum(low - points, points - (low + size)), axis=1)
    rows, columns = grid.cells(points)
    away = np.where(beyond > 0.0, beyond + 24.0, distance[rows, columns])
    middle = (i % _MIDDLE == 0) & (j % _MIDDLE == 0)
    far = (i % _FAR == 0) & (j % _FAR == 0)
    keep = (away > 2.0) & (away < 4.0 * unit)
    keep |= (away >= 4.0 * unit) & (away < 14.0 * unit) & middle
    keep |= (away >= 14.0 * unit) & far
    return points[keep]


def _hills(flat: Array, away: Array) -> Array:
    """Return how far the land rises (N,) at points ``away`` metres from the nearest edge."""
    rise = np.clip((away - _HILLS_FROM_M) / (_REACH_M - _HILLS_FROM_M), 0.0, 1.0)
    wave = np.sin(flat[:, 0] / 97.0) * np.cos(flat[:, 1] / 83.0) + np.sin(flat.sum(axis=1) / 61.0)
    return rise * rise * (3.0 - 2.0 * rise) * (_HILL_M + 0.4 * _HILL_M * wave)


def _heights(built: Pavement, flat: Array, border: int) -> Array:
    rails = [
        rail
        for strip, keep in zip(built.strips, built.kept, strict=True)
        if keep.any()
        for rail in (strip.inner, strip.outer)
    ]
    samples = np.concatenate([*rails, built.fillings.reshape(-1, 3)])
    tree = spatial.cKDTree(samples[:, :2])
    z = np.empty(len(flat))
    # At an edge the lowest of the close samples: never above the pavement that covers it.
    distance, nearest = tree.query(flat[:border], k=min(6, len(samples)))
    heights = samples[nearest, 2]
    close = distance <= distance[:, :1] + 0.3
    z[:border] = np.min(np.where(close, heights, np.inf), axis=1) - _BELOW_EDGE_M
    edge_z, edges = z[:border].copy(), spatial.cKDTree(flat[:border])
    distance, nearest = edges.query(flat[border:], k=min(12, border))
    weight = 1.0 / np.maximum(distance, 1.0) ** 2
    z[border:] = np.sum(weight * edge_z[nearest], axis=1) / np.sum(weight, axis=1)
    z[border:] += _hills(flat[border:], distance[:, 0])
    return z
