"""Measure with a lidar among Gaussians: where half of a beam's light is gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...core.frames import Matrix, interpolate
from .frame import Drawing
from .motion import BodyMotion, Sight, motion_of
from .particles import Rules
from .sweeps import Sector

Floats = NDArray[np.float32]

_LEAST_OPACITY = 0.8
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)


@dataclass(frozen=True, eq=False)
class GaussianSweep:
    """One sweep (rows, columns), float32.

    * range_m: along the beam; inf where it met less than 0.8 of opacity.
    * intensity: 0 to 1, the luminance of what it met: files of scenes rarely tell another one.
    """

    range_m: Floats
    intensity: Floats


def measure(
    drawing: Drawing,
    sectors: Sequence[Sector],
    column_fraction: NDArray[np.float64],
    scene_from_lidar_start: Matrix,
    scene_from_lidar_end: Matrix,
    rules: Rules,
    far_m: Floats,
    bodies: Sequence[BodyMotion | None] = (),
) -> GaussianSweep:
    """Measure one sweep of the beams that ``sectors`` were made of.

    Column c is measured at ``column_fraction[c]`` of the motion. Beams end at ``far_m`` (rows,
    columns), metres.
    """
    ranges, intensity = np.full_like(far_m, np.inf), np.zeros_like(far_m)
    way = scene_from_lidar_end[:3, 3] - scene_from_lidar_start[:3, 3]
    beside = _all_around(rules)
    for sector in sectors:
        start = scene_from_lidar_start @ sector.lidar_from_sector
        end = scene_from_lidar_end @ sector.lidar_from_sector
        view = sector.view
        fired = column_fraction[np.maximum(sector.column, 0)]
        late = fired - view.fractions[:, None]
        rays = view.rays
        if not np.array_equal(start[:3, :3], end[:3, :3]):
            rays = _turned(rays, start, end, view.fractions, column_fraction, sector.column)
        sight = Sight(view.table.seen_rad, drawing.reach_m)
        seen = drawing.draw(
            replace(view, rays=rays),
            motion_of(start, end, view.fractions, bodies, sight),
            beside,
            np.where(sector.column < 0, 0.0, far_m[sector.row, sector.column]).astype(np.float32),
            half=True,
            apart=np.ascontiguousarray(late[:, :, None] * way, np.float32),
        )
        assert seen.half_m is not None
        opacity = np.float32(1.0) - seen.transmittance
        met = (opacity >= _LEAST_OPACITY) & (sector.column >= 0)
        at = sector.row[met], sector.column[met]
        ranges[at] = seen.half_m[met]
        intensity[at] = np.clip(seen.colour[met] @ _LUMINANCE / opacity[met], 0.0, 1.0)
    return GaussianSweep(ranges, intensity)


def _all_around(rules: Rules) -> Rules:
    """Return the rules of a sensor that sees all around: near and order go by distance."""
    return rules._replace(near_by_distance=True, z_order=False)


def _turned(
    rays: Floats,
    start: Matrix,
    end: Matrix,
    fractions: NDArray[np.float64],
    column_fraction: NDArray[np.float64],
    column: NDArray[np.int32],
) -> Floats:
    """Return rays (lines, samples, 3) of their columns' times in the frames of their lines."""
    at_line = interpolate(start, end, fractions)[:, :3, :3].astype(np.float32)
    at_column = interpolate(start, end, column_fraction)[:, :3, :3].astype(np.float32)
    turned = np.einsum("lsij,lsj->lsi", at_column[np.maximum(column, 0)], rays, optimize=True)
    turned = np.ascontiguousarray(np.einsum("lji,lsj->lsi", at_line, turned))
    turned.flags.writeable = False  # as those of sectors are: one kernel serves both
    return turned
