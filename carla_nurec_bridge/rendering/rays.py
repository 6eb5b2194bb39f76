"""Cast any rays: radar, ray-cast lidar, obstacle sensors, queries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .scene import RenderScene


@dataclass(frozen=True, eq=False)
class RayHits:
    """Hold the first hit of N rays.

    * range_m: float32 (N,), distance along the ray, inf where nothing was hit.
    * tag: uint8 (N,), CARLA's labels, 0 where nothing was hit.
    * instance: int32 (N,), instance or object id, 0 where none.
    * normals: float32 (N, 3), unit, map frame, towards the origin; zero where nothing was hit.
    * intensity: float32 (N,) in [0, 1], as a lidar would see it.
    * cos_incidence: float32 (N,), cosine of ray and normal.
    """

    range_m: NDArray[np.float32]
    tag: NDArray[np.uint8]
    instance: NDArray[np.int32]
    normals: NDArray[np.float32]
    intensity: NDArray[np.float32]
    cos_incidence: NDArray[np.float32]


def cast(
    scene: RenderScene,
    origins: NDArray[np.float32],
    directions: NDArray[np.float32],
    max_range_m: float,
    fraction: float = 1.0,
) -> RayHits:
    """Return what N rays hit first, with the instances at ``fraction`` of their motion.

    ``origins`` (N, 3) in metres and ``directions`` (N, 3), unit vectors, are in the map frame.
    """
    raise NotImplementedError
