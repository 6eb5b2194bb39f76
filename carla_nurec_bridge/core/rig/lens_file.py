"""The YAML form of a camera's lens and mount: models, windshield, crop and scale."""

from __future__ import annotations

from abc import abstractmethod
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


class CalibratedLens(Strict):
    """A calibration at the resolution it was made for, and the part of its image that is used."""

    calibrated_at: Size
    principal_point: tuple[Finite, Finite]
    crop: Crop | None = None
    windshield: WindshieldEntry | None = None

    @model_validator(mode="after")
    def _crop_lies_within(self) -> CalibratedLens:
        crop, (width, height) = self.crop, self.calibrated_at
        if crop and (crop.x + crop.width > width or crop.y + crop.height > height):
            raise ValueError(
                f"the crop reaches beyond the calibrated picture of {width} x {height}"
            )
        return self

    @abstractmethod
    def whole(self) -> CameraModel:
        """Return the model of the whole calibrated image, without windshield."""

    @property
    def size(self) -> Size:
        """Width and height of the part that is used, pixels."""
        return (self.crop.width, self.crop.height) if self.crop else self.calibrated_at

    def model(self, size: Size) -> CameraModel:
        """Return the camera model: cropped, behind its windshield, scaled to ``size`` pixels."""
        model = self.whole()
        if self.crop is not None:
            u, v = model.principal_point
            model = replace(
                model,
                width=self.crop.width,
                height=self.crop.height,
                principal_point=(u - self.crop.x, v - self.crop.y),
            )
        if self.windshield is not None:
            model = replace(model, windshield=self.windshield.windshield())
        return model.scaled(*size)


class FThetaEntry(CalibratedLens):
    """An F-theta calibration."""

    type: Literal["ftheta"]
    pixeldist_to_angle_poly: Annotated[tuple[Finite, ...], Field(min_length=2, max_length=6)]
    angle_to_pixeldist_poly: Annotated[tuple[Finite, ...], Field(min_length=2, max_length=6)]
    reference_poly: Literal["PIXELDIST_TO_ANGLE", "ANGLE_TO_PIXELDIST"]
    max_angle_rad: Annotated[float, Field(gt=0.0, le=3.1415927)]
    linear_cde: tuple[Finite, Finite, Finite] = (1.0, 0.0, 0.0)

    def whole(self) -> FThetaCamera:
        """Return the model of the whole calibrated image, without windshield."""
        return FThetaCamera(
            *self.calibrated_at,
            self.principal_point,
            self.pixeldist_to_angle_poly,
            self.angle_to_pixeldist_poly,
            FThetaReference[self.reference_poly],
            self.max_angle_rad,
            self.linear_cde,
        )


class PinholeEntry(CalibratedLens):
    """OpenCV's pinhole calibration."""

    type: Literal["opencv-pinhole"]
    focal_length: tuple[Finite, Finite]
    radial_coeffs: Annotated[tuple[Finite, ...], Field(min_length=6, max_length=6)] = (0.0,) * 6
    tangential_coeffs: tuple[Finite, Finite] = (0.0, 0.0)
    thin_prism_coeffs: tuple[Finite, Finite, Finite, Finite] = (0.0, 0.0, 0.0, 0.0)

    def whole(self) -> OpenCVPinholeCamera:
        """Return the model of the whole calibrated image, without windshield."""
        return OpenCVPinholeCamera(
            *self.calibrated_at,
            self.principal_point,
            self.focal_length,
            self.radial_coeffs,
            self.tangential_coeffs,
            self.thin_prism_coeffs,
        )


class FisheyeEntry(CalibratedLens):
    """OpenCV's fisheye calibration."""

    type: Literal["opencv-fisheye"]
    focal_length: tuple[Finite, Finite]
    radial_coeffs: tuple[Finite, Finite, Finite, Finite]
    max_angle_rad: Annotated[float, Field(gt=0.0, le=3.1415927)]

    def whole(self) -> OpenCVFisheyeCamera:
        """Return the model of the whole calibrated image, without windshield."""
        return OpenCVFisheyeCamera(
            *self.calibrated_at,
            self.principal_point,
            self.focal_length,
            self.radial_coeffs,
            self.max_angle_rad,
        )


class FovEntry(Strict):
    """CARLA's camera: no distortion, square pixels, the axis through the image centre."""

    type: Literal["fov"]
    horizontal_fov_deg: Annotated[float, Field(gt=0.0, lt=179.0)]

    def model(self, size: Size) -> CameraModel:
        """Return the camera model at ``size`` pixels."""
        return OpenCVPinholeCamera.from_fov(*size, self.horizontal_fov_deg)


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
    width, height = lens.size
    assert ratio is not None
    return max(1, round(width * ratio)), max(1, round(height * ratio))
