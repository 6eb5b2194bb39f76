"""Where a direction lands on an image, as a table: one kernel then serves every camera model.

A unit direction (x, y, z) is looked up at (x, y) / (1 + z), which is tan(angle / 2) from the axis,
so the table is smooth up to and beyond a half sphere. It only bounds Gaussians and puts them into
tiles; what a pixel shows is computed along its exact ray.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...core.cameras.models import CameraModel
from ...core.frames import Matrix

NODES = 257
_WIDE_RAD = np.radians(100.0)
"""Up to here a table is as wide as the lens; beyond, only a little wider than the image."""
_MOST_RAD = np.radians(160.0)
_BEHIND_GLASS_RAD = np.radians(89.0)

Pixels = Callable[[Matrix], Matrix]


@dataclass(frozen=True, eq=False)
class PixelTable:
    """Pixels of directions.

    * pixels: float32 (NODES, NODES, 2), the (sample, line) of each node; node (j, i) is at
      ``reach * (2 i / (NODES - 1) - 1)`` and the same of j.
    * reach: tan(angle / 2) of the widest direction that the lens sees; those beyond it count as
      not seen and land where the nearest one that is seen does.
    * seen_rad: widest angle whose pixel lies on the image grown by its margin.
    """

    pixels: NDArray[np.float32]
    reach: float
    seen_rad: float

    @property
    def per_rad(self) -> float:
        """Return how many pixels a radian has in the middle of the image, the larger of both."""
        middle, cell_rad = NODES // 2, 4.0 * self.reach / (NODES - 1)
        steps = self.pixels[middle + 1, middle] - self.pixels[middle, middle]
        across = self.pixels[middle, middle + 1] - self.pixels[middle, middle]
        return float(max(np.abs(steps).max(), np.abs(across).max()) / cell_rad)


def camera_table(model: CameraModel, margin: float, *, transposed: bool) -> PixelTable:
    """Return the table of a camera, whose image may grow by ``margin`` of its size on each side.

    With ``transposed`` the line is the column.
    """

    def pixels(directions: Matrix) -> Matrix:
        found, _ = model.project(directions)
        return found[:, ::-1] if transposed else found

    size = (model.height, model.width) if transposed else (model.width, model.height)
    widest = model.widest_rad
    if model.windshield is not None:
        widest = min(widest, _BEHIND_GLASS_RAD)
    if widest > _WIDE_RAD:
        widest = min(widest, max(_WIDE_RAD, 1.15 * _border_rad(model)))
    return table_of(pixels, widest, size, margin)


def _border_rad(model: CameraModel) -> float:
    """Return the widest angle that a pixel on the border of the image sees."""
    across, down = np.arange(model.width) + 0.5, np.arange(model.height) + 0.5
    border = [np.stack([across, np.full_like(across, v)], 1) for v in (0.5, model.height - 0.5)]
    border += [np.stack([np.full_like(down, u), down], 1) for u in (0.5, model.width - 0.5)]
    rays, seen = model.unproject(np.concatenate(border))
    if not seen.all():
        return model.widest_rad
    return float(np.arccos(np.clip(rays[:, 2], -1.0, 1.0)).max())


def table_of(pixels: Pixels, widest_rad: float, size: tuple[int, int], margin: float) -> PixelTable:
    """Return the table of ``pixels``: unit directions (N, 3) to (sample, line) (N, 2)."""
    reach = float(np.tan(0.5 * min(widest_rad, _MOST_RAD)))
    axis = np.linspace(-reach, reach, NODES)
    across, down = (grid.ravel() for grid in np.meshgrid(axis, axis))
    radius = np.hypot(across, down)
    inside = np.minimum(1.0, reach * (1.0 - 1e-6) / np.maximum(radius, 1e-12))
    across, down = across * inside, down * inside
    square = across**2 + down**2
    directions = np.stack([2.0 * across, 2.0 * down, 1.0 - square], axis=1)
    found = pixels(directions / (1.0 + square)[:, None])
    limit = np.array(size)
    near = np.all((found > -margin * limit) & (found < (1.0 + margin) * limit), axis=1)
    cell = 2.0 * reach / (NODES - 1)
    seen = 2.0 * np.arctan(np.minimum(radius[near].max(initial=0.0) + 1.5 * cell, reach))
    nodes = np.ascontiguousarray(found.reshape(NODES, NODES, 2), np.float32)
    nodes.flags.writeable = False  # a GPU keeps its copy of what nobody can change
    return PixelTable(nodes, reach, float(seen))
