"""The YAML forms of Cosmos' sensor files, checked field by field."""

from __future__ import annotations

import json
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from ...core.resources import config_path
from ...core.rig.rig_file_base import Finite, Strict

Aov = Literal[
    "rgb",
    "depth",
    "semantic_segmentation",
    "instance_segmentation",
    "normals",
    "cosmos_visualization",
    "rds_hq",
]
_LENS = ("pinhole_parameters", "ftheta_parameters")
_SIZE = Annotated[int, Field(ge=1, le=16384)]
_OWN = ("wide_angle_lens", "camera_model")


class Location(Strict):
    """A place in the units of its file."""

    x: Finite
    y: Finite
    z: Finite


class Rotation(Strict):
    """CARLA's angles in degrees."""

    pitch: Finite = 0.0
    yaw: Finite = 0.0
    roll: Finite = 0.0


class SensorTransform(Strict):
    """A place and angles on CARLA's axes."""

    location: Location
    rotation: Rotation = Rotation()


class PinholeParameters(Strict):
    """The focal length in pixels."""

    focal_length: Annotated[float, Field(gt=0.0, allow_inf_nan=False)]


class Polynomials(Strict):
    """Coefficients of ascending power, in pixels and radians."""

    k0: Finite
    k1: Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
    k2: Finite = 0.0
    k3: Finite = 0.0
    k4: Finite = 0.0
    k5: Finite = 0.0

    def ascending(self) -> tuple[float, ...]:
        """Return the six coefficients."""
        return self.k0, self.k1, self.k2, self.k3, self.k4, self.k5


class Linear(Strict):
    """The matrix [[c, d], [e, 1]] behind the polynomial."""

    c: Finite = 1.0
    d: Finite = 0.0
    e: Finite = 0.0


class FThetaParameters(Strict):
    """An F-theta lens; ``is_bw_poly``: the polynomial takes pixels to angles."""

    polynomials: Polynomials
    is_bw_poly: bool = False
    linear: Linear = Linear()


class AovEntry(Strict):
    """One picture of one camera, as the tools of CARLA 0.9.16 and of the smart cities list it."""

    sensor: Aov
    name: str | None = None
    attributes: dict[str, Any] = Field(default_factory=dict)
    transform: SensorTransform
    pinhole_parameters: PinholeParameters | None = None
    ftheta_parameters: FThetaParameters | None = None

    @model_validator(mode="before")
    @classmethod
    def _lens_beside_attributes(cls, values: Any) -> Any:
        """Take a lens that stands among the attributes, as in some of the samples."""
        if not isinstance(values, dict) or not isinstance(values.get("attributes"), dict):
            return values
        attributes = dict(values["attributes"])
        found = {name: attributes.pop(name) for name in _LENS if name in attributes}
        return {**values, **found, "attributes": attributes}

    @model_validator(mode="after")
    def _known(self) -> AovEntry:
        known = _attributes(_BLUEPRINTS[self.sensor])
        unknown = [name for name in self.attributes if name not in known]
        if unknown:
            raise ValueError(
                f"sensor.camera.{_BLUEPRINTS[self.sensor]} has no attribute {unknown[0]!r}"
            )
        if self.pinhole_parameters and self.ftheta_parameters:
            raise ValueError("give pinhole_parameters or ftheta_parameters, not both")
        for name in ("image_size_x", "image_size_y", "fov", "sensor_tick"):
            self.number(name)
        return self

    def number(self, name: str) -> float:
        """Return a numeric attribute, or CARLA's default of it."""
        value = self.attributes.get(name, _DEFAULTS[name])
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = -1.0
        low = 0.0 if name == "sensor_tick" else 1.0
        if isinstance(value, bool) or not low <= number <= _MOST[name]:
            raise ValueError(
                f"attributes.{name} is {value!r}; a number from {low:g} to {_MOST[name]:g} is "
                "wanted"
            )
        return number


class ListFile(Strict):
    """A list of pictures; ``units`` and ``frame`` say what locations mean."""

    sensors: Annotated[tuple[AovEntry, ...], Field(min_length=1)]
    units: Literal["m", "cm"] | None = None
    frame: Literal["vehicle", "world"] | None = None


class RigCameraEntry(Strict):
    """A camera of the newer rig files: x forward, y left, z up from the rear axle's ground."""

    name: Annotated[str, Field(min_length=1)]
    hfov: Annotated[float, Field(gt=0.0, lt=179.0, allow_inf_nan=False)]
    t: tuple[Finite, Finite, Finite]
    rpy: tuple[Finite, Finite, Finite]
    width: _SIZE = 1280
    height: _SIZE = 720
    lens: Literal["pinhole"] = "pinhole"


class NewerRigFile(Strict):
    """A rig file of the newer generation; ``roofline`` lifts cameras out of the vehicle."""

    name: str
    mount: Literal["roofline", "exact"] = "exact"
    margin: Annotated[float, Field(ge=0.0, le=5.0)] = 0.05
    cameras: Annotated[tuple[RigCameraEntry, ...], Field(min_length=1)]


_BLUEPRINTS: dict[str, str] = {
    "rgb": "rgb",
    "depth": "depth",
    "semantic_segmentation": "semantic_segmentation",
    "instance_segmentation": "instance_segmentation",
    "normals": "normals",
    "cosmos_visualization": "rgb",
    "rds_hq": "rgb",
}
_DEFAULTS = {"image_size_x": 800, "image_size_y": 600, "fov": 90.0, "sensor_tick": 0.0}
_MOST = {"image_size_x": 16384, "image_size_y": 16384, "fov": 178.9, "sensor_tick": 60.0}


@cache
def _attributes(kind: str) -> frozenset[str]:
    """Return what CARLA's blueprint of a kind of camera takes, and our own additions."""
    table = json.loads(config_path("carla", "sensors.json").read_text())["sensors"]
    names = (row[0] for row in table[f"sensor.camera.{kind}"])
    return frozenset((*names, "sensor_tick", "role_name", "ros_name", *_OWN))
