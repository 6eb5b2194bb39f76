"""Measure with a spinning lidar: a table of directions and one pose per column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.frames import Matrix
from .scene import RenderScene


@dataclass(frozen=True, eq=False)
class LidarFrame:
    """Hold one sweep of R rows (beams) and C columns.

    * range_m: float32 (R, C), distance along the beam, inf where nothing was hit.
    * intensity: float32 (R, C) in [0, 1], 0 where nothing was hit.
    * tag: uint8 (R, C), CARLA's labels, 0 where nothing was hit.
    * instance: int32 (R, C), instance or object id, 0 where none.
    * cos_incidence: float32 (R, C), cosine of beam and surface normal, 0 where nothing was hit.
    """

    range_m: NDArray[np.float32]
    intensity: NDArray[np.float32]
    tag: NDArray[np.uint8]
    instance: NDArray[np.int32]
    cos_incidence: NDArray[np.float32]


def render_lidar(
    scene: RenderScene,
    directions: NDArray[np.float32],
    column_fraction: NDArray[np.float64],
    map_from_lidar_start: Matrix,
    map_from_lidar_end: Matrix,
    max_range_m: float,
) -> LidarFrame:
    """Measure one sweep.

    ``directions`` are float32 (R, C, 3) unit vectors of the sensor frame (x forward, y left, z up).
    The sensor moves from ``map_from_lidar_start`` to ``map_from_lidar_end`` (4x4); column c is
    measured at ``column_fraction[c]`` in [0, 1] of that motion, and so are the scene's instances.
    """
    raise NotImplementedError


def points_at_end(
    frame: LidarFrame,
    directions: NDArray[np.float32],
    column_fraction: NDArray[np.float64],
    map_from_lidar_start: Matrix,
    map_from_lidar_end: Matrix,
) -> NDArray[np.float32]:
    """Return the hits as float32 (N, 3) in the sensor frame of the sweep's end.

    N counts the finite ranges, in row-major order: ``np.isfinite(frame.range_m)`` picks the
    matching values of the other fields.
    """
    raise NotImplementedError
