"""Small scenes and sensors with answers known by formula."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from carla_nurec_bridge.core.frames import BODY_FROM_OPTICAL, Matrix, matrix_from_xyz_rpy
from carla_nurec_bridge.rendering.camera import CameraFrame, render_camera
from carla_nurec_bridge.rendering.lighting import Lighting
from carla_nurec_bridge.rendering.scene import RenderScene

PLAIN = Lighting(shadows=False)


def body_pose(x: float, y: float, z: float, yaw: float = 0.0, pitch: float = 0.0) -> Matrix:
    """map_from_body: x forward, y left, z up."""
    return matrix_from_xyz_rpy([x, y, z], [0.0, pitch, yaw])


def optical_pose(x: float, y: float, z: float, yaw: float = 0.0, pitch: float = 0.0) -> Matrix:
    """map_from_camera of a camera that looks along the body's x."""
    return body_pose(x, y, z, yaw, pitch) @ BODY_FROM_OPTICAL


def pinhole(width: int, height: int, focal: float) -> NDArray[np.float32]:
    u, v = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    rays = np.stack([(u - width / 2) / focal, (v - height / 2) / focal, np.ones_like(u)], axis=-1)
    return (rays / np.linalg.norm(rays, axis=-1, keepdims=True)).astype(np.float32)


def photograph(
    scene: RenderScene,
    rays: NDArray[np.float32],
    pose: Matrix,
    end_pose: Matrix | None = None,
    light: Lighting = PLAIN,
    rolling: bool = False,
) -> CameraFrame:
    rows = len(rays)
    fractions = np.linspace(0.0, 1.0, rows) if rolling else np.zeros(rows)
    return render_camera(
        scene, rays, pose, pose if end_pose is None else end_pose, fractions, "row", light
    )
