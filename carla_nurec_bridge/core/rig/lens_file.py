"""The YAML form of a camera's lens and mount: models, windshield, crop and scale."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Discriminator, Field, Tag, model_validator

from ..cameras.models import (
    CameraModel,
    FThetaCamera,
    FThetaReference,
    OpenCVFisheyeCamera,
    OpenCVPinholeCamera,
    Windshield,
    WindshieldReference,
)
from ..frames import Matrix
from .rig_file_base import Finite, Mount, Strict

Pixels = Annotated[int, Field(ge=1, le=16384)]
Size = tuple[Pixels, Pixels]
Polynomial = Annotated[tuple[Finite, ...], Field(max_length=66)]
Row = tuple[Finite, Finite, Finite, Finite]
_RIGID_TOLERANCE = 1e-4


class MatrixMount(Strict):
    """Where a camera sits: the matrix that takes its optical points to base_link, row by row.

    Optical axes are x right, y down, z forward, as in NuRec's T_sensor_rig.
    """

    rig_from_camera: tuple[Row, Row, Row, Row]

    @model_validator(mode="after")
    def _is_rigid(self) -> MatrixMount:
        matrix = self.matrix()
        rotation = matrix[:3, :3]
        with np.errstate(over="ignore", invalid="ignore"):
            off = np.abs(rotation @ rotation.T - np.eye(3)).max()
        proper = off < _RIGID_TOLERANCE and np.linalg.det(rotation) > 0.0
        if not proper or tuple(matrix[3]) != (0.0, 0.0, 0.0, 1.0):
            raise ValueError("rig_from_camera must be a rotation and a shift, its last row 0 0 0 1")
        return self

    def matrix(self) -> Matrix:
        """Return the matrix (4, 4)."""
        return np.array(self.rig_from_camera, np.float64)


def _mount_kind(value: Any) -> str:
    named = isinstance(value, dict) and "rig_from_camera" in value
    matrix = named or isinstance(value, MatrixMount)
    return "matrix" if matrix else "position"


CameraMount = Annotated[
    Annotated[Mount, Tag("position")] | Annotated[MatrixMount, Tag("matrix")],
    Discriminator(_mount_kind),
]
"""Either form of mount, told apart by the field ``rig_from_camera``."""


class Crop(Strict):
    """A part of the calibrated picture: its left upper pixel and its size."""

    x: Annotated[int, Field(ge=0)]
    y: Annotated[int, Field(ge=0)]
    width: Pixels
    height: Pixels


class WindshieldEntry(Strict):
    """A windshield's bivariate polynomials; those of the reference direction are exact."""

    reference_poly: Literal["FORWARD", "BACKWARD"] = "FORWARD"
    horizontal_poly: Polynomial = ()
    vertical_poly: Polynomial = ()
    horizontal_poly_inverse: Polynomial = ()
    vertical_poly_inverse: Polynomial = ()

    def windshield(self) -> Windshield:
        """Return the windshield; InputError for a wrong number of coefficients."""
        return Windshield(
            self.horizontal_poly,
            self.vertical_poly,
            self.horizontal_poly_inverse,
            self.vertical_poly_inverse,
            WindshieldReference[self.reference_poly],
        )


class FThetaEntry(Strict):
    """An F-theta calibration at the resolution it was made for."""

    type: Literal["ftheta"]
    calibrated_at: Size
    principal_point: tuple[Finite, Finite]
    pixeldist_to_angle_poly: Annotated[tuple[Finite, ...], Field(min_length=2, max_length=6)]
    angle_to_pixeldist_poly: Annotated[tuple[Finite, ...], Field(min_length=2, max_length=6)]
    reference_poly: Literal["PIXELDIST_TO_ANGLE", "ANGLE_TO_PIXELDIST"]
    max_angle_rad: Annotated[float, Field(gt=0.0, le=3.1415927)]
    linear_cde: tuple[Finite, Finite, Finite] = (1.0, 0.0, 0.0)
    crop: Crop | None = None
    windshield: WindshieldEntry | None = None


class PinholeEntry(Strict):
    """OpenCV's pinhole calibration at the resolution it was made for."""

    type: Literal["opencv-pinhole"]
    calibrated_at: Size
    principal_point: tuple[Finite, Finite]
    focal_length: tuple[Finite, Finite]
    radial_coeffs: Annotated[tuple[Finite, ...], Field(min_length=6, max_length=6)] = (0.0,) * 6
    tangential_coeffs: tuple[Finite, Finite] = (0.0, 0.0)
    thin_prism_coeffs: tuple[Finite, Finite, Finite, Finite] = (0.0, 0.0, 0.0, 0.0)
    crop: Crop | None = None
    windshield: WindshieldEntry | None = None


class FisheyeEntry(Strict):
    """OpenCV's fisheye calibration at the resolution it was made for."""

    type: Literal["opencv-fisheye"]
    calibrated_at: Size
    principal_point: tuple[Finite, Finite]
    focal_length: tuple[Finite, Finite]
    radial_coeffs: tuple[Finite, Finite, Finite, Finite]
    max_angle_rad: Annotated[float, Field(gt=0.0, le=3.1415927)]
    crop: Crop | None = None
    windshield: WindshieldEntry | None = None


class FovEntry(Strict):
    """CARLA's camera: no distortion, square pixels, the axis through the image centre."""

    type: Literal["fov"]
    horizontal_fov_deg: Annotated[float, Field(gt=0.0, lt=179.0)]


LensEntry = Annotated[
    FThetaEntry | PinholeEntry | FisheyeEntry | FovEntry, Field(discriminator="type")
]


def target_size(name: str, lens: LensEntry, resolution: Size | None, ratio: float | None) -> Size:
    """Return the images' size in pixels; ValueError when it is not given in one way.

    It is ``resolution``, or ``ratio`` times the calibrated size of the lens after its crop;
    ``name`` is the camera's, for errors.
    """
    if (resolution is None) == (ratio is None):
        raise ValueError(f"camera {name}: give resolution or resolution_ratio, one of the two")
    if resolution is not None:
        return resolution
    if isinstance(lens, FovEntry):
        raise ValueError(f"camera {name}: a model of type fov needs resolution")
    width, height = _calibrated_size(lens)
    assert ratio is not None
    return max(1, round(width * ratio)), max(1, round(height * ratio))


def _calibrated_size(lens: FThetaEntry | PinholeEntry | FisheyeEntry) -> Size:
    crop = lens.crop
    if crop is None:
        return lens.calibrated_at
    width, height = lens.calibrated_at
    if crop.x + crop.width > width or crop.y + crop.height > height:
        raise ValueError(f"the crop reaches beyond the calibrated picture of {width} x {height}")
    return crop.width, crop.height


def model_of(lens: LensEntry, size: Size) -> CameraModel:
    """Return the camera model of a checked lens: cropped, then scaled to ``size`` pixels."""
    if isinstance(lens, FovEntry):
        return OpenCVPinholeCamera.from_fov(*size, lens.horizontal_fov_deg)
    model = _full(lens)
    if lens.crop is not None:
        u, v = model.principal_point
        model = replace(
            model,
            width=lens.crop.width,
            height=lens.crop.height,
            principal_point=(u - lens.crop.x, v - lens.crop.y),
        )
    if lens.windshield is not None:
        model = replace(model, windshield=lens.windshield.windshield())
    return model.scaled(*size)


def _full(lens: FThetaEntry | PinholeEntry | FisheyeEntry) -> CameraModel:
    match lens:
        case FThetaEntry():
            return FThetaCamera(
                *lens.calibrated_at,
                lens.principal_point,
                lens.pixeldist_to_angle_poly,
                lens.angle_to_pixeldist_poly,
                FThetaReference[lens.reference_poly],
                lens.max_angle_rad,
                lens.linear_cde,
            )
        case PinholeEntry():
            return OpenCVPinholeCamera(
                *lens.calibrated_at,
                lens.principal_point,
                lens.focal_length,
                lens.radial_coeffs,
                lens.tangential_coeffs,
                lens.thin_prism_coeffs,
            )
        case FisheyeEntry():
            return OpenCVFisheyeCamera(
                *lens.calibrated_at,
                lens.principal_point,
                lens.focal_length,
                lens.radial_coeffs,
                lens.max_angle_rad,
            )
