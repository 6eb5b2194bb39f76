"""Undistort pictures: from any camera model to the pinhole that its ``CameraInfo.P`` describes."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .models import (
    CameraModel,
    FThetaCamera,
    OpenCVFisheyeCamera,
    OpenCVPinholeCamera,
)

WIDEST_DEG = 150.0
_USUAL_DEG = 90.0


def lens_centre(model: CameraModel) -> NDArray[np.float64]:
    """Return the principal point (u, v) with the first pixel's centre at (0.5, 0.5).

    F-theta calibrations count that centre as (0, 0), the others as this does.
    """
    offset = 0.5 if isinstance(model, FThetaCamera) else 0.0
    return np.array(model.principal_point) + offset


def rectified_view(
    model: CameraModel, horizontal_fov_deg: float | None = None
) -> OpenCVPinholeCamera:
    """Return the pinhole without distortion that a camera's pictures are rectified to.

    It has the picture's size and its principal point. A pinhole keeps its focal lengths; other
    lenses get square pixels and a field of view of 90 degrees. ``horizontal_fov_deg`` asks for
    another one: the angle over the picture's width if the principal point were in its middle.
    InputError when that is not above 0 and at most 150 degrees.
    """
    centre = lens_centre(model)
    if horizontal_fov_deg is None and isinstance(model, OpenCVPinholeCamera):
        focal = model.focal_length
    else:
        fov = _USUAL_DEG if horizontal_fov_deg is None else horizontal_fov_deg
        if not 0.0 < fov <= WIDEST_DEG:
            raise InputError(
                f"a rectified picture cannot be {fov:g} degrees wide; "
                f"ask for more than 0 and at most {WIDEST_DEG:g}"
            )
        focal = (0.5 * model.width / math.tan(math.radians(fov) / 2.0),) * 2
    return OpenCVPinholeCamera(
        model.width, model.height, (float(centre[0]), float(centre[1])), focal
    )


def rectify_maps(
    model: CameraModel, view: OpenCVPinholeCamera
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return where each pixel of ``view`` is found in a picture of ``model``: columns and rows.

    Both are float32 (view.height, view.width) in OpenCV's convention (0 = centre of the first
    pixel), as ``cv2.remap`` takes them; what the model does not see is at -1e4.
    """
    u, v = np.meshgrid(np.arange(view.width) + 0.5, np.arange(view.height) + 0.5)
    rays, seen = view.unproject(np.column_stack([u.ravel(), v.ravel()]))
    pixels, valid = model.project(rays)
    found = np.where((seen & valid)[:, None], pixels - 0.5, -1e4)
    shape = (2, view.height, view.width)
    columns, rows = found.astype(np.float32).T.reshape(shape)
    return columns, rows


def projection_rows(view: OpenCVPinholeCamera) -> list[float]:
    """Return the 12 numbers of a rectified camera's P, row by row.

    ROS counts pixel centres as whole numbers, so the principal point is half a pixel less.
    """
    fx, fy = view.focal_length
    cx, cy = view.principal_point[0] - 0.5, view.principal_point[1] - 0.5
    return [fx, 0.0, cx, 0.0, 0.0, fy, cy, 0.0, 0.0, 0.0, 1.0, 0.0]


def windshield_shift_px(model: CameraModel) -> float:
    """Return by how much at most a windshield moves what a camera sees, in pixels; 0 without one.

    ROS has no place for a windshield, so a model may only be named if this is small.
    """
    if model.windshield is None or isinstance(model, FThetaCamera):
        return 0.0
    bare: OpenCVPinholeCamera | OpenCVFisheyeCamera = replace(model, windshield=None)
    u, v = np.meshgrid(
        np.linspace(0.5, model.width - 0.5, 48), np.linspace(0.5, model.height - 0.5, 27)
    )
    pixels = np.column_stack([u.ravel(), v.ravel()])
    rays, seen = model.unproject(pixels)
    back, valid = bare.project(rays)
    shifts = np.linalg.norm(back - pixels, axis=1)[seen & valid]
    return float(shifts.max()) if len(shifts) else math.inf
