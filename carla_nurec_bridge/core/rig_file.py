"""The YAML form of a rig, checked field by field."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .cameras import (
    CameraModel,
    FThetaCamera,
    FThetaReference,
    OpenCVFisheyeCamera,
    OpenCVPinholeCamera,
)

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
Pixels = Annotated[int, Field(ge=1, le=16384)]
Size = tuple[Pixels, Pixels]
Output = Literal["rgb", "depth", "semantic", "instance", "normals"]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Metres = Annotated[float, Field(ge=-50.0, le=50.0)]
Degrees = Annotated[float, Field(ge=-360.0, le=360.0)]
Rate = Annotated[float, Field(gt=0.0, le=1000.0, description="samples a simulated second, Hz")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Mount(_Strict):
    """Where a sensor sits in base_link, its own axes x forward, y left, z up."""

    position_m: tuple[Metres, Metres, Metres]
    rpy_deg: tuple[Degrees, Degrees, Degrees] = (0.0, 0.0, 0.0)


class FThetaEntry(_Strict):
    """An F-theta calibration at the resolution it was made for."""

    type: Literal["ftheta"]
    calibrated_at: Size
    principal_point: tuple[Finite, Finite]
    pixeldist_to_angle_poly: Annotated[tuple[Finite, ...], Field(min_length=2, max_length=6)]
    angle_to_pixeldist_poly: Annotated[tuple[Finite, ...], Field(min_length=2, max_length=6)]
    reference_poly: Literal["PIXELDIST_TO_ANGLE", "ANGLE_TO_PIXELDIST"]
    max_angle_rad: Annotated[float, Field(gt=0.0, le=3.1415927)]
    linear_cde: tuple[Finite, Finite, Finite] = (1.0, 0.0, 0.0)


class PinholeEntry(_Strict):
    """OpenCV's pinhole calibration at the resolution it was made for."""

    type: Literal["opencv-pinhole"]
    calibrated_at: Size
    principal_point: tuple[Finite, Finite]
    focal_length: tuple[Finite, Finite]
    radial_coeffs: Annotated[tuple[Finite, ...], Field(min_length=6, max_length=6)] = (0.0,) * 6
    tangential_coeffs: tuple[Finite, Finite] = (0.0, 0.0)
    thin_prism_coeffs: tuple[Finite, Finite, Finite, Finite] = (0.0, 0.0, 0.0, 0.0)


class FisheyeEntry(_Strict):
    """OpenCV's fisheye calibration at the resolution it was made for."""

    type: Literal["opencv-fisheye"]
    calibrated_at: Size
    principal_point: tuple[Finite, Finite]
    focal_length: tuple[Finite, Finite]
    radial_coeffs: tuple[Finite, Finite, Finite, Finite]
    max_angle_rad: Annotated[float, Field(gt=0.0, le=3.1415927)]


class FovEntry(_Strict):
    """CARLA's camera: no distortion, square pixels, the axis through the image centre."""

    type: Literal["fov"]
    horizontal_fov_deg: Annotated[float, Field(gt=0.0, lt=179.0)]


class CameraEntry(_Strict):
    """One camera."""

    name: Name
    source: Literal["nurec", "carla"]
    logical_id: str | None = Field(None, description="NuRec's name of the camera; default: name")
    resolution: Size = Field(description="width and height of the images wanted, pixels")
    rate_hz: Rate
    shutter: Literal[
        "ROLLING_TOP_TO_BOTTOM",
        "ROLLING_LEFT_TO_RIGHT",
        "ROLLING_BOTTOM_TO_TOP",
        "ROLLING_RIGHT_TO_LEFT",
        "GLOBAL",
    ] = "GLOBAL"
    shutter_s: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    outputs: Annotated[tuple[Output, ...], Field(min_length=1)] = ("rgb",)
    mount: Mount
    model: Annotated[
        FThetaEntry | PinholeEntry | FisheyeEntry | FovEntry, Field(discriminator="type")
    ]

    @model_validator(mode="after")
    def _fits(self) -> CameraEntry:
        if self.source == "nurec" and self.outputs != ("rgb",):
            raise ValueError(f"camera {self.name}: NuRec renders rgb only; use outputs: [rgb]")
        if self.source == "carla" and self.model.type != "fov":
            raise ValueError(f"camera {self.name}: CARLA's cameras are of model type fov")
        if self.shutter != "GLOBAL" and self.shutter_s <= 0.0:
            raise ValueError(f"camera {self.name}: a rolling shutter needs shutter_s above 0 s")
        if self.shutter_s >= 1.0 / self.rate_hz:
            raise ValueError(
                f"camera {self.name}: shutter_s {self.shutter_s} s must be shorter than the "
                f"period of {1.0 / self.rate_hz:g} s"
            )
        return self


class LidarEntry(_Strict):
    """One lidar; a sweep lasts one period."""

    name: Name
    source: Literal["nurec", "carla"]
    device: Literal["PANDAR128", "AT128"]
    rate_hz: Rate
    mount: Mount


class RigFile(_Strict):
    """A rig as its YAML file has it."""

    name: Name
    cameras: tuple[CameraEntry, ...]
    lidars: tuple[LidarEntry, ...] = ()

    @model_validator(mode="after")
    def _unique(self) -> RigFile:
        names = [*(camera.name for camera in self.cameras), *(lidar.name for lidar in self.lidars)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"sensor names must be unique; used twice: {', '.join(twice)}")
        return self


def model_of(entry: CameraEntry) -> CameraModel:
    """Return the camera model of a checked entry, scaled to the resolution it asks for."""
    width, height = entry.resolution
    match entry.model:
        case FovEntry() as m:
            return OpenCVPinholeCamera.from_fov(width, height, m.horizontal_fov_deg)
        case FThetaEntry() as m:
            return FThetaCamera(
                *m.calibrated_at,
                m.principal_point,
                m.pixeldist_to_angle_poly,
                m.angle_to_pixeldist_poly,
                FThetaReference[m.reference_poly],
                m.max_angle_rad,
                m.linear_cde,
            ).scaled(width, height)
        case PinholeEntry() as m:
            return OpenCVPinholeCamera(
                *m.calibrated_at,
                m.principal_point,
                m.focal_length,
                m.radial_coeffs,
                m.tangential_coeffs,
                m.thin_prism_coeffs,
            ).scaled(width, height)
        case FisheyeEntry() as m:
            return OpenCVFisheyeCamera(
                *m.calibrated_at,
                m.principal_point,
                m.focal_length,
                m.radial_coeffs,
                m.max_angle_rad,
            ).scaled(width, height)
