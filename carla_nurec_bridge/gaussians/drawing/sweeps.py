"""A lidar's sweep as images: lines of equal azimuth, samples of rising or falling beams.

Rows of a lidar fire at azimuths of their own, up to ten degrees apart, within one column. Lines
here are of one azimuth, and each ray keeps the time of its column: so a Gaussian covers a compact
patch. A turn is cut into sectors, in which azimuth has no seam.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...core.frames import Matrix, rigid
from .pixel_table import table_of
from .views import GaussianView

_SECTOR_RAD = np.radians(90.0)
_WIDEST_RAD = np.radians(80.0)


@dataclass(frozen=True, eq=False)
class Sector:
    """A part of a sweep.

    * view: lines by azimuth; its rays are those of the nominal time of their line.
    * lidar_from_sector: (4, 4), the sector's axis becomes the optical one.
    * row, column: int32 (lines, samples), which ray of the sweep it is, -1 for none.
    """

    view: GaussianView
    lidar_from_sector: Matrix
    row: NDArray[np.int32]
    column: NDArray[np.int32]


def sectors_of(
    directions: NDArray[np.float32], column_fraction: NDArray[np.float64], margin: float = 0.1
) -> tuple[Sector, ...]:
    """Return the sectors of a table of beams (rows, columns, 3), x forward, y left, z up."""
    rows, columns = directions.shape[:2]
    elevation = np.arcsin(np.clip(directions[:, columns // 2, 2].astype(np.float64), -1.0, 1.0))
    azimuth = np.unwrap(np.arctan2(directions[..., 1], directions[..., 0]).astype(np.float64))
    step = float(np.median(np.diff(azimuth[rows // 2]))) if columns > 1 else 1.0
    # Offsets of rows may wrap too: all within half a turn of the middle row's.
    turn = 2.0 * np.pi
    azimuth -= turn * np.round((azimuth[:, :1] - azimuth[rows // 2, :1]) / turn)
    line = np.round((azimuth - azimuth[rows // 2, 0]) / step).astype(np.int64)
    lines = round(turn / abs(step))
    if abs(lines - columns) <= 0.01 * lines:
        line %= columns
        lines = columns
    else:
        line -= line.min()
        lines = int(line.max()) + 1
    row = np.full((lines, rows), -1, np.int32)
    column = np.full((lines, rows), -1, np.int32)
    beam, firing = np.indices((rows, columns))
    row[line.ravel(), beam.ravel()] = beam.ravel()
    column[line.ravel(), beam.ravel()] = firing.ravel()
    hollow = column < 0
    fired = np.where(hollow, np.nan, column_fraction[np.maximum(column, 0)])
    fractions = np.nan_to_num(np.nanmedian(fired, axis=1), nan=0.0)
    first = azimuth[0, 0] - step * line[0, 0]
    count = max(1, int(np.ceil(lines * abs(step) / _SECTOR_RAD)))
    return tuple(
        _sector(part, first, step, elevation, directions, fractions, row, column, margin)
        for part in np.array_split(np.arange(lines), count)
    )


def _sector(
    part: NDArray[np.int64],
    first: float,
    step: float,
    elevation: NDArray[np.float64],
    directions: NDArray[np.float32],
    fractions: NDArray[np.float64],
    row: NDArray[np.int32],
    column: NDArray[np.int32],
    margin: float,
) -> Sector:
    middle = first + step * 0.5 * (part[0] + part[-1])
    ahead = np.array([np.cos(middle), np.sin(middle), 0.0])
    left = np.array([-np.sin(middle), np.cos(middle), 0.0])
    lidar_from_sector = rigid(np.stack([-left, [0.0, 0.0, -1.0], ahead], axis=1), np.zeros(3))
    rising = elevation if len(elevation) > 1 and elevation[-1] > elevation[0] else elevation[::-1]
    samples = np.linspace(0.5, len(elevation) - 0.5, len(elevation))
    if rising is not elevation:
        samples = samples[::-1]

    def pixels(towards: Matrix) -> Matrix:
        body = towards @ lidar_from_sector[:3, :3].T
        height = np.arcsin(np.clip(body[:, 2], -1.0, 1.0))
        beside = np.arctan2(body @ left, body @ ahead)
        sample = _straight_on(height, rising, samples)
        return np.stack([sample, 0.5 * len(part) + beside / step], axis=1)

    size = (len(elevation), len(part))
    table = table_of(pixels, _WIDEST_RAD, size, margin)
    chosen_row, chosen_column = row[part], column[part]
    rays = directions[np.maximum(chosen_row, 0), np.maximum(chosen_column, 0)]
    rays = rays @ lidar_from_sector[:3, :3].astype(np.float32)
    rays[chosen_column < 0] = 0.0
    rays = np.ascontiguousarray(rays, np.float32)
    rays.flags.writeable = False  # a GPU keeps its copy of what nobody can change
    view = GaussianView(rays, fractions[part], table)
    return Sector(view, lidar_from_sector, chosen_row, chosen_column)


def _straight_on(x: Matrix, xs: Matrix, ys: Matrix) -> Matrix:
    """Return a piecewise linear function through rising xs, straight on beyond its ends."""
    found = np.interp(x, xs, ys)
    if len(xs) > 1:
        before = (ys[1] - ys[0]) / max(xs[1] - xs[0], 1e-6)
        behind = (ys[-1] - ys[-2]) / max(xs[-1] - xs[-2], 1e-6)
        found = np.where(x < xs[0], ys[0] + (x - xs[0]) * before, found)
        found = np.where(x > xs[-1], ys[-1] + (x - xs[-1]) * behind, found)
    return found
