"""Cast any rays: radar, ray-cast lidar, obstacle sensors, queries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..core.errors import InputError
from .beams import measure_beams
from .engines.forms import FrameView
from .engines.packet import LANES
from .scene import RenderScene

_ROW = 16 * LANES


@dataclass(frozen=True, eq=False)
class RayHits:
    """Hold the first hit of N rays.

    * range_m: float32 (N,), distance along the ray, inf where nothing was hit.
    * tag: uint8 (N,), CARLA's labels, 0 where nothing was hit.
    * instance: int32 (N,), instance or object id, 0 where none.
    * normals: float32 (N, 3), unit, map frame, towards the origin; zero where nothing was hit.
    * intensity: float32 (N,) in [0, 1], as a lidar would see it, 0 where nothing was hit.
    * cos_incidence: float32 (N,), cosine of ray and normal, 0 where nothing was hit.
    """

    range_m: NDArray[np.float32]
    tag: NDArray[np.uint8]
    instance: NDArray[np.int32]
    normals: NDArray[np.float32]
    intensity: NDArray[np.float32]
    cos_incidence: NDArray[np.float32]


def cast(
    scene: RenderScene,
    origins: ArrayLike,
    directions: ArrayLike,
    max_range_m: float,
    fraction: float = 1.0,
) -> RayHits:
    """Return what N rays hit first, with the instances at ``fraction`` of their motion.

    ``origins`` (N, 3) in metres and ``directions`` (N, 3), unit vectors, are in the map frame.
    Neighbours that look alike trace faster. Raises InputError for shapes that do not fit.
    """
    starts, towards = np.asarray(origins, np.float32), np.asarray(directions, np.float32)
    if starts.ndim != 2 or starts.shape[1] != 3 or starts.shape != towards.shape:
        raise InputError(
            f"ray origins {starts.shape} and directions {towards.shape} must both be (N, 3)"
        )
    count = len(starts)
    rows = max(1, -(-count // _ROW))
    table_starts, table_towards = np.zeros((2, rows * _ROW, 3), np.float32)
    table_starts[:count], table_towards[:count] = starts, towards
    places = table_starts.reshape(rows, _ROW, 3)
    view = FrameView(
        table_towards.reshape(rows, _ROW, 3),
        np.eye(4),
        np.eye(4),
        np.array([fraction]),
        False,
        scene.surface,
        scene.slots,
    )
    found = measure_beams(scene.engine, view, places, max_range_m)
    return RayHits(
        **{name: seen.reshape(-1, *seen.shape[2:])[:count] for name, seen in found.items()}
    )
