"""The YAML form of a rig, checked field by field."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from .clouds import CloudFields
from .lens_file import (
    CameraMount,
    LensEntry,
    Size,
    target_size,
)
from .outputs import OutputName
from .rig_file_base import (
    Mount,
    Name,
    Rate,
    Strict,
)
from .sensors import SensorEntry


class CameraEntry(Strict):
    """One camera."""

    name: Name
    source: Literal["nurec", "carla"]
    logical_id: str | None = Field(None, description="NuRec's name of the camera; default: name")
    calibration: Literal["recorded", "custom"] = Field(
        "recorded",
        description="NuRec cameras: take lens, mount and shutter from the scene's recording of "
        "logical_id where there is one, or keep those given here",
    )
    resolution: Size | None = Field(
        None, description="width and height of the images wanted, pixels"
    )
    resolution_ratio: float | None = Field(
        None, gt=0.0, le=4.0, description="the same as a part of the calibrated (or cropped) size"
    )
    rate_hz: Rate
    shutter: Literal[
        "ROLLING_TOP_TO_BOTTOM",
        "ROLLING_LEFT_TO_RIGHT",
        "ROLLING_BOTTOM_TO_TOP",
        "ROLLING_RIGHT_TO_LEFT",
        "GLOBAL",
    ] = "GLOBAL"
    shutter_s: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    outputs: Annotated[tuple[OutputName, ...], Field(min_length=1)] = ("rgb",)
    image_format: Literal["jpeg", "png", "planar"] = Field(
        "jpeg", description="how NuRec sends pictures; planar: bare pixels, nothing lost"
    )
    image_quality: float = Field(95.0, ge=1.0, le=100.0, description="of JPEG, 1 to 100")
    ego_mask: str = Field("", description="NuRec's rig configuration whose hood is drawn; or none")
    mount: CameraMount
    model: LensEntry

    @model_validator(mode="after")
    def _fits(self) -> CameraEntry:
        if self.source == "nurec" and self.outputs != ("rgb",):
            raise ValueError(f"camera {self.name}: NuRec renders rgb only; use outputs: [rgb]")
        target_size(self.name, self.model, self.resolution, self.resolution_ratio)
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


class LidarFilterEntry(Strict):
    """Which returns NuRec drops (26.04 and later); what is not given is as the server has it."""

    raydrop_threshold: float | None = Field(
        None, ge=0.0, le=1.0, description="drop rays more likely lost than this"
    )
    opacity_threshold: float | None = Field(
        None, ge=0.0, le=1.0, description="drop returns of at most this opacity; 0 drops none"
    )
    distance_threshold: float | None = Field(
        None, gt=0.0, le=1.0, description="drop what hangs between surfaces, as a part of its range"
    )


class LidarEntry(Strict):
    """One lidar; a sweep lasts one period."""

    name: Name
    source: Literal["nurec"] = Field(description="CARLA's lidars are listed under sensors")
    device: Literal["PANDAR128", "AT128"]
    rate_hz: Rate
    filter: LidarFilterEntry | None = Field(None, description="which returns NuRec drops")
    fields: CloudFields = Field(
        "xyzi",
        description="of each point: xyzi; xyzirt, xyzirc or autoware where the server tells rays",
    )
    mount: Mount


class RigFile(Strict):
    """A rig as its YAML file has it."""

    name: Name
    cameras: tuple[CameraEntry, ...]
    lidars: tuple[LidarEntry, ...] = ()
    sensors: tuple[SensorEntry, ...] = Field((), description="CARLA's sensors beside cameras")

    @model_validator(mode="after")
    def _unique(self) -> RigFile:
        names = [
            *(camera.name for camera in self.cameras),
            *(lidar.name for lidar in self.lidars),
            *(sensor.name for sensor in self.sensors),
        ]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"sensor names must be unique; used twice: {', '.join(twice)}")
        return self
