"""Draw a camera image: a table of rays and one pose per row or column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..core.frames import Matrix
from .lighting import Lighting
from .scene import RenderScene

ALL_OUTPUTS = frozenset({"rgb", "depth", "normals", "semantic", "instance"})
SKY_TAG = 11


@dataclass(frozen=True, eq=False)
class CameraFrame:
    """Hold the outputs of one exposure; those not asked for are None.

    * rgb: uint8 (H, W, 3), sRGB.
    * depth: float32 (H, W), metres along the optical z axis, inf where nothing was hit.
    * normals: float32 (H, W, 3), unit, map frame, towards the camera; zero where nothing was hit.
    * semantic: uint8 (H, W), CARLA's labels, 11 (sky) where nothing was hit.
    * instance: int32 (H, W), instance id, or the object id of the static mesh, 0 where none.

    Pixels whose ray is the zero vector (outside the lens) are black, inf, zero, 0 and 0.
    """

    rgb: NDArray[np.uint8] | None
    depth: NDArray[np.float32] | None
    normals: NDArray[np.float32] | None
    semantic: NDArray[np.uint8] | None
    instance: NDArray[np.int32] | None


def render_camera(
    scene: RenderScene,
    rays: NDArray[np.float32],
    map_from_camera_start: Matrix,
    map_from_camera_end: Matrix,
    fractions: NDArray[np.float64],
    axis: Literal["row", "column"],
    light: Lighting,
    outputs: frozenset[str] = ALL_OUTPUTS,
) -> CameraFrame:
    """Draw one image of the scene.

    ``rays`` are float32 (H, W, 3) unit vectors of the optical frame (x right, y down, z forward).
    The camera moves from ``map_from_camera_start`` to ``map_from_camera_end`` (optical frame, 4x4);
    row (or column) k is exposed at ``fractions[k]`` in [0, 1] of that motion, and so are the
    scene's instances. Raises InputError for shapes that do not fit or unknown outputs.
    """
    raise NotImplementedError
