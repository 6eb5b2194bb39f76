"""Sweeps of a lidar among the Gaussians of a scene, for a viewer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....core.frames import Matrix, rigid
from ....core.rig.lidar import lidar_pattern
from ....gaussians.drawing.frame import GaussianDrawing
from ....gaussians.drawing.lidar import measure
from ....gaussians.drawing.particles import rules_of
from ....gaussians.drawing.sweeps import sectors_of
from ....gaussians.scene import GaussianScene
from ....rendering.lidar import points_at_end
from ...package.model import Scene
from ..recorded_gaussians import bodies_at, particles_of

DEVICE = "PANDAR128"
RIG_FROM_LIDAR: Matrix = rigid(np.eye(3), (1.0, 0.0, 2.0))
"""On the roof, as packages name their lidars but do not say where these are."""
_COLUMN_STEP = 4
_SWEEP_US = 100_000


@dataclass(frozen=True, eq=False)
class Sweep:
    """Points (N, 3) in the lidar's frame where the sweep ends, intensities (N,), and its end."""

    end_us: int
    points_m: NDArray[np.float32]
    intensities: NDArray[np.float32]


def sweeps_along(scene: Scene, gaussians: GaussianScene, count: int) -> Iterator[Sweep]:
    """Yield sweeps at even times of the rig's path, each over 0.1 s; every fourth column of them.

    Road users are where they were recorded.
    """
    pattern = lidar_pattern(DEVICE).thinned(_COLUMN_STEP)
    sectors = sectors_of(pattern.directions, pattern.column_fraction)
    drawing = GaussianDrawing(particles_of(gaussians))
    rules = rules_of(gaussians.settings)
    far = np.full(pattern.directions.shape[:2], gaussians.settings.lidar_far_m, np.float32)
    stamps_us = scene.rig_trajectory.stamps_us
    first_us = min(int(stamps_us[0]) + _SWEEP_US, int(stamps_us[-1]))
    for end_us in np.linspace(first_us, int(stamps_us[-1]), count).astype(np.int64).tolist():
        span_us = (end_us - _SWEEP_US, end_us)
        start, end = (
            gaussians.nre_from_world @ scene.rig_trajectory.at(stamp) @ RIG_FROM_LIDAR
            for stamp in span_us
        )
        bodies = bodies_at(scene, gaussians, span_us)
        fraction = pattern.column_fraction
        found = measure(drawing, sectors, fraction, start, end, rules, far, bodies)
        hit = np.isfinite(found.range_m)
        points = points_at_end(found.range_m, pattern.directions, fraction, start, end)
        yield Sweep(end_us, points, found.intensity[hit])
