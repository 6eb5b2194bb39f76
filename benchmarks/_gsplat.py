"""gsplat's picture of a cloud, for benchmarks to stand beside: where it can be imported."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np

from carla_nurec_bridge.core.cameras.models import FThetaCamera
from carla_nurec_bridge.core.frames import Matrix, invert
from carla_nurec_bridge.gaussians.cloud import GaussianCloud


def has_gsplat() -> bool:
    """Tell whether gsplat and torch are installed, without importing them."""
    return all(importlib.util.find_spec(name) is not None for name in ("torch", "gsplat"))


def gsplat_picture(
    cloud: GaussianCloud, camera: FThetaCamera, start: Matrix, end: Matrix
) -> Callable[[], Any]:
    """Return what draws colours and opacity by gsplat's 3DGUT, and copies them to the host.

    Its 3DGUT takes three channels, so there is no depth. The camera has no linear part. What it
    culls and when it stops are its own defaults.
    """
    import torch
    from gsplat.cuda._wrapper import (
        FThetaCameraDistortionParameters,
        FThetaPolynomialType,
        RollingShutterType,
    )
    from gsplat.rendering import rasterization

    def on_gpu(values: Any) -> Any:
        return torch.as_tensor(np.asarray(values, np.float32), device="cuda")

    forward = np.zeros(6)
    forward[: len(camera.angle_to_pixeldist)] = camera.angle_to_pixeldist
    back = np.zeros(6)
    back[: len(camera.pixeldist_to_angle)] = camera.pixeldist_to_angle
    lens = FThetaCameraDistortionParameters(
        reference_poly=FThetaPolynomialType.ANGLE_TO_PIXELDIST,
        pixeldist_to_angle_poly=tuple(back.tolist()),
        angle_to_pixeldist_poly=tuple(forward.tolist()),
        max_angle=camera.max_angle_rad,
        linear_cde=(1.0, 0.0, 0.0),
    )
    scale = float(forward[1])
    u, v = camera.principal_point
    given = {
        "means": on_gpu(cloud.means_m),
        "quats": on_gpu(cloud.rotations_wxyz),
        "scales": on_gpu(cloud.scales_m),
        "opacities": on_gpu(cloud.opacities),
        "colors": on_gpu(cloud.sh),
        "viewmats": on_gpu(invert(start)[None]),
        "viewmats_rs": on_gpu(invert(end)[None]),
        "Ks": on_gpu([[[scale, 0.0, u], [0.0, scale, v], [0.0, 0.0, 1.0]]]),
    }
    size = (camera.height, camera.width)
    host = [torch.empty((1, *size, n), pin_memory=True) for n in (3, 1)]

    def picture() -> Any:
        drawn, alphas, _ = rasterization(
            **given,
            width=camera.width,
            height=camera.height,
            sh_degree=cloud.sh_degree,
            camera_model="ftheta",
            ftheta_coeffs=lens,
            rolling_shutter=RollingShutterType.ROLLING_TOP_TO_BOTTOM,
            with_ut=True,
            with_eval3d=True,
            packed=False,
            render_mode="RGB",
        )
        for target, source in zip(host, (drawn, alphas), strict=True):
            target.copy_(source, non_blocking=True)
        torch.cuda.synchronize()
        return host[0][0, ..., :3].numpy()

    return picture
