"""Measure with a spinning lidar: a table of directions and one pose per column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError
from ..core.frames import Matrix, invert
from .beams import measure_beams
from .engines.forms import FrameView
from .kernels.lidar_kernel import gather_points
from .kernels.motion import lines_between
from .scene import RenderScene


@dataclass(frozen=True, eq=False)
class LidarFrame:
    """Hold one sweep of R rows (beams) and C columns.

    * range_m: float32 (R, C), distance along the beam, inf where nothing was hit.
    * intensity: float32 (R, C) in [0, 1] by material, incidence and air, 0 where nothing was hit.
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
    A beam of zero length hits nothing. Raises InputError for shapes that do not fit.
    """
    _check(directions, column_fraction)
    view = FrameView(
        np.ascontiguousarray(directions),
        map_from_lidar_start,
        map_from_lidar_end,
        column_fraction,
        False,
        scene.surface,
        scene.slots,
    )
    return LidarFrame(**measure_beams(scene.engine, view, None, max_range_m))


def points_at_end(
    range_m: NDArray[np.float32],
    directions: NDArray[np.float32],
    column_fraction: NDArray[np.float64],
    map_from_lidar_start: Matrix,
    map_from_lidar_end: Matrix,
) -> NDArray[np.float32]:
    """Return the hits as float32 (N, 3), metres, in the sensor frame of the sweep's end.

    ``range_m`` (R, C) are a frame's; the other arguments are those of ``render_lidar``. N counts
    the finite ranges, in row-major order: ``np.isfinite(range_m)`` picks the matching values of
    the frame's other fields.
    """
    end_from_start = invert(np.asarray(map_from_lidar_end, np.float64)) @ map_from_lidar_start
    moved = lines_between(end_from_start, np.eye(4), column_fraction)
    return gather_points(range_m, directions, *moved)


def _check(directions: NDArray[np.float32], column_fraction: NDArray[np.float64]) -> None:
    if directions.ndim != 3 or directions.shape[2] != 3 or directions.dtype != np.float32:
        raise InputError(
            f"lidar directions are {directions.dtype} {directions.shape}; "
            "they must be float32 (rows, columns, 3)"
        )
    if np.shape(column_fraction) != (directions.shape[1],):
        raise InputError(
            f"column fractions have shape {np.shape(column_fraction)} for "
            f"{directions.shape[1]} columns; give one per column"
        )
