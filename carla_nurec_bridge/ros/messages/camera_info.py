"""Calibrations as ROS has them, and exactly.

ROS knows three lens models. One of them is claimed only where it holds: a pinhole as
``plumb_bob`` or ``rational_polynomial``, a fisheye, or an F-theta lens that a fit reproduces within
half a pixel, as ``equidistant``. Else the model is called ``ftheta`` and D holds the exact
polynomial. Behind a windshield that shifts images by more than that, the name ends in
``+windshield``. The exact calibration is published as JSON in every case.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo

from ...core.cameras.models import (
    CameraModel,
    FThetaCamera,
    OpenCVFisheyeCamera,
    OpenCVPinholeCamera,
    camera_to_json,
)
from ...core.cameras.rectify import (
    lens_centre,
    projection_rows,
    rectified_view,
    windshield_shift_px,
)
from ...core.cameras.shutter import Shutter
from ...core.frames import Matrix
from .convert import header

MAX_FIT_ERROR_PX = 0.5
_GRID = (48, 27)


@dataclass(frozen=True)
class Fit:
    """An equidistant model: focal length (px), k1..k4, and the largest error over the image."""

    focal_px: float
    coefficients: tuple[float, float, float, float]
    error_px: float


def fit_equidistant(model: FThetaCamera) -> Fit:
    """Fit r = f (t + k1 t^3 + k2 t^5 + k3 t^7 + k4 t^9) to the lens over its whole image."""
    pixels, rays = _grid(model)
    angle = np.arctan2(np.linalg.norm(rays[:, :2], axis=1), rays[:, 2])
    offset = pixels - lens_centre(model)
    radius = np.linalg.norm(offset, axis=1)
    powers = np.stack([angle ** (2 * i + 1) for i in range(5)], axis=1)
    solution, *_ = np.linalg.lstsq(powers, radius, rcond=None)
    focal = float(solution[0])
    k1, k2, k3, k4 = (float(v / focal) for v in solution[1:])
    azimuth = np.arctan2(rays[:, 1], rays[:, 0])
    fitted = (powers @ solution)[:, None] * np.stack([np.cos(azimuth), np.sin(azimuth)], axis=1)
    error = float(np.linalg.norm(fitted - offset, axis=1).max())
    return Fit(focal, (k1, k2, k3, k4), error)


def _grid(model: CameraModel) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    columns = np.linspace(0.5, model.width - 0.5, _GRID[0])
    rows = np.linspace(0.5, model.height - 0.5, _GRID[1])
    pixels = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
    rays, valid = model.unproject(pixels)
    return pixels[valid], rays[valid]


def _distortion(model: CameraModel) -> tuple[str, list[float], tuple[float, float]]:
    """Return ROS's name of the model, D, and the focal lengths for K."""
    match model:
        case OpenCVPinholeCamera():
            k1, k2, k3, k4, k5, k6 = model.radial
            p1, p2 = model.tangential
            if any(model.thin_prism):
                return (
                    "opencv_pinhole",
                    [k1, k2, p1, p2, k3, k4, k5, k6, *model.thin_prism],
                    (model.focal_length),
                )
            if any((k4, k5, k6)):
                name, d = "rational_polynomial", [k1, k2, p1, p2, k3, k4, k5, k6]
            else:
                name, d = "plumb_bob", [k1, k2, p1, p2, k3]
            return name, d, model.focal_length
        case OpenCVFisheyeCamera():
            return "equidistant", list(model.radial), model.focal_length
        case FThetaCamera():
            fit = fit_equidistant(model)
            if fit.error_px <= MAX_FIT_ERROR_PX:
                return "equidistant", list(fit.coefficients), (fit.focal_px, fit.focal_px)
            exact = [*model.angle_to_pixeldist, *model.linear_cde]
            return "ftheta", exact, (model.angle_to_pixeldist[1], model.angle_to_pixeldist[1])


def camera_info(
    model: CameraModel, stamp_ns: int, frame_id: str, view: OpenCVPinholeCamera | None = None
) -> CameraInfo:
    """Return the message of a camera; P is ``view``, else its usual one (``core.rectify``)."""
    name, coefficients, (fx, fy) = _distortion(model)
    if windshield_shift_px(model) > MAX_FIT_ERROR_PX:
        name += "+windshield"
    # ROS counts pixel centres as whole numbers.
    cx, cy = (float(value) for value in lens_centre(model) - 0.5)
    return CameraInfo(
        header=header(stamp_ns, frame_id),
        width=model.width,
        height=model.height,
        distortion_model=name,
        d=coefficients,
        k=[fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0],
        r=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        p=projection_rows(view or rectified_view(model)),
    )


def calibration_json(
    name: str, source: str, model: CameraModel, shutter: Shutter, shutter_s: float, mount: Matrix
) -> str:
    """Return the exact calibration as JSON.

    * source: who draws the camera, ``carla`` or ``nurec``.
    * shutter_s: how long it is open.
    * mount: rig_from_camera, in optical axes.
    """
    fit = fit_equidistant(model) if isinstance(model, FThetaCamera) else None
    return json.dumps(
        {
            "name": name,
            "source": source,
            "camera_model": camera_to_json(model, shutter),
            "shutter_s": shutter_s,
            "rig_from_camera": mount.tolist(),
            "equidistant_fit_error_px": fit.error_px if fit else None,
        }
    )
