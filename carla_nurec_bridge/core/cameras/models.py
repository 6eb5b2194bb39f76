"""The camera models, and the form they have in NuRec's ``rig_trajectories.json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import InputError
from .base import CameraBase
from .ftheta import FThetaCamera, FThetaReference
from .opencv_fisheye import OpenCVFisheyeCamera
from .opencv_pinhole import OpenCVPinholeCamera
from .shutter import Shutter
from .windshield import Windshield, WindshieldReference, windshield_from_json

__all__ = [
    "CameraBase",
    "CameraModel",
    "FThetaCamera",
    "FThetaReference",
    "OpenCVFisheyeCamera",
    "OpenCVPinholeCamera",
    "Windshield",
    "WindshieldReference",
    "camera_from_json",
    "camera_to_json",
]

CameraModel = FThetaCamera | OpenCVPinholeCamera | OpenCVFisheyeCamera


def camera_to_json(model: CameraModel, shutter: Shutter) -> dict[str, Any]:
    """Return the ``camera_model`` object of a calibration: ``type`` and ``parameters``."""
    parameters: dict[str, Any] = {
        "resolution": [model.width, model.height],
        "shutter_type": shutter.name,
        "external_distortion_parameters": model.windshield and model.windshield.to_json(),
        "principal_point": list(model.principal_point),
    }
    match model:
        case FThetaCamera():
            kind = "ftheta"
            parameters |= {
                "reference_poly": model.reference.name,
                "pixeldist_to_angle_poly": padded(model.pixeldist_to_angle),
                "angle_to_pixeldist_poly": padded(model.angle_to_pixeldist),
                "max_angle": model.max_angle_rad,
                "linear_cde": list(model.linear_cde),
            }
        case OpenCVPinholeCamera():
            kind = "opencv-pinhole"
            parameters |= {
                "focal_length": list(model.focal_length),
                "radial_coeffs": list(model.radial),
                "tangential_coeffs": list(model.tangential),
                "thin_prism_coeffs": list(model.thin_prism),
            }
        case OpenCVFisheyeCamera():
            kind = "opencv-fisheye"
            parameters |= {
                "focal_length": list(model.focal_length),
                "radial_coeffs": list(model.radial),
                "max_angle": model.max_angle_rad,
            }
    return {"type": kind, "parameters": parameters}


def camera_from_json(camera_model: Mapping[str, Any]) -> CameraModel:
    """Return the model of a ``camera_model`` object; InputError names what is wrong with it.

    The shutter is read by ``shutter_from(parameters.shutter_type)``.
    """
    try:
        kind, p = str(camera_model["type"]), camera_model["parameters"]
        width, height = (int(size) for size in p["resolution"])
        glass = p.get("external_distortion_parameters")
        windshield = None if glass is None else windshield_from_json(glass)
        match kind:
            case "ftheta":
                return FThetaCamera(
                    width,
                    height,
                    _pair(p["principal_point"]),
                    _floats(p["pixeldist_to_angle_poly"]),
                    _floats(p["angle_to_pixeldist_poly"]),
                    _reference(p["reference_poly"]),
                    float(p["max_angle"]),
                    linear_or_identity(p.get("linear_cde")),
                    windshield=windshield,
                )
            case "opencv-pinhole":
                return OpenCVPinholeCamera(
                    width,
                    height,
                    _pair(p["principal_point"]),
                    _pair(p["focal_length"]),
                    _floats(p["radial_coeffs"]),
                    _floats(p["tangential_coeffs"]),
                    _floats(p["thin_prism_coeffs"]),
                    windshield=windshield,
                )
            case "opencv-fisheye":
                return OpenCVFisheyeCamera(
                    width,
                    height,
                    _pair(p["principal_point"]),
                    _pair(p["focal_length"]),
                    _floats(p["radial_coeffs"]),
                    float(p["max_angle"]),
                    windshield=windshield,
                )
    except KeyError as missing:
        raise InputError(f"a camera model lacks its field {missing}") from missing
    except (TypeError, ValueError) as wrong:
        raise InputError(f"a camera model has a field of the wrong kind: {wrong}") from wrong
    raise InputError(
        f"unknown camera model type {kind!r}; use ftheta, opencv-pinhole or opencv-fisheye"
    )


def padded(coefficients: tuple[float, ...]) -> list[float]:
    """Return F-theta coefficients as the six that NuRec wants, zeros behind."""
    return [*coefficients, *(0.0,) * (6 - len(coefficients))]


def linear_or_identity(cde: Any) -> tuple[float, float, float]:
    """Return F-theta's c, d, e; missing or all zero means (1, 0, 0)."""
    values = _floats(cde) if cde is not None else ()
    if not any(values):
        return 1.0, 0.0, 0.0
    if len(values) != 3:
        raise InputError(f"F-theta linear_cde needs exactly 3 numbers, not {len(values)}")
    return values[0], values[1], values[2]


def _reference(value: Any) -> FThetaReference:
    for reference in FThetaReference:
        if str(value).upper() == reference.name or str(value) == str(reference.value):
            return reference
    raise InputError(
        f"unknown F-theta reference_poly {value!r}; use PIXELDIST_TO_ANGLE or ANGLE_TO_PIXELDIST"
    )


def _floats(values: Any) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _pair(values: Any) -> tuple[float, float]:
    first, second = values
    return float(first), float(second)
