"""CARLA's sensors beside cameras as a rig's YAML has them: what they measure, in ROS units."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from .clouds import CloudFields
from .lidar_turn import LidarTurn
from .rig_file_base import (
    Finite,
    Mount,
    Name,
    Rate,
    Strict,
)

NonNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Deviations = tuple[NonNegative, NonNegative, NonNegative]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]
Range = Annotated[float, Field(gt=0.0, le=10_000.0, description="reach in m")]
Attributes = tuple[tuple[str, str], ...]
"""Attributes of a CARLA blueprint with their values as text."""


class _Sensor(Strict):
    name: Name
    mount: Mount


class LidarSensor(_Sensor):
    """CARLA's ray-cast lidar; a sweep lasts one period and ends at the stamp."""

    type: Literal["lidar", "semantic_lidar"]
    rate_hz: Rate
    channels: Annotated[int, Field(ge=1, le=1024)]
    points_per_sweep: Annotated[int, Field(ge=1, le=10_000_000)]
    fields: CloudFields = Field(
        "xyzi",
        description="of each point: xyzi; xyzirt (ring and time, as Velodyne's driver); xyzirc or "
        "autoware (Autoware's PointXYZIRC or PointXYZIRCAEDT)",
    )
    range_m: Range = 100.0
    upper_fov_deg: Annotated[float, Field(ge=-90.0, le=90.0)] = 10.0
    lower_fov_deg: Annotated[float, Field(ge=-90.0, le=90.0)] = -30.0
    horizontal_fov_deg: Annotated[float, Field(gt=0.0, le=360.0)] = 360.0
    dropoff: bool = Field(False, description="lose points as CARLA does by default")
    noise_std_m: NonNegative = 0.0
    seed: Seed = 0

    @model_validator(mode="after")
    def _fits(self) -> LidarSensor:
        if self.lower_fov_deg >= self.upper_fov_deg:
            raise ValueError(f"sensor {self.name}: lower_fov_deg must lie below upper_fov_deg")
        if self.type == "semantic_lidar" and (self.dropoff or self.noise_std_m):
            raise ValueError(f"sensor {self.name}: a semantic lidar has no dropoff and no noise")
        if self.type == "semantic_lidar" and self.fields != "xyzi":
            raise ValueError(f"sensor {self.name}: the fields of a semantic lidar are its own")
        return self

    def turn(self) -> LidarTurn:
        """Return what a sweep is to have; its ticks decide the rest of the attributes."""
        return LidarTurn(self.channels, self.points_per_sweep, self.horizontal_fov_deg, self.fields)

    def attributes(self) -> Attributes:
        """Return what the blueprint is to be set to, whatever a tick lasts."""
        common = (
            ("channels", str(self.channels)),
            ("range", repr(self.range_m)),
            ("upper_fov", repr(self.upper_fov_deg)),
            ("lower_fov", repr(self.lower_fov_deg)),
            ("horizontal_fov", repr(self.horizontal_fov_deg)),
        )
        if self.type == "semantic_lidar":
            return common
        dropoff = (
            ()
            if self.dropoff
            else (
                ("dropoff_general_rate", "0.0"),
                ("dropoff_intensity_limit", "1.0"),
                ("dropoff_zero_intensity", "0.0"),
            )
        )
        noise = (("noise_stddev", repr(self.noise_std_m)), ("noise_seed", str(self.seed)))
        return (*common, *dropoff, *noise)


class RadarSensor(_Sensor):
    """CARLA's radar: single returns with their range rate."""

    type: Literal["radar"]
    rate_hz: Rate
    horizontal_fov_deg: Annotated[float, Field(gt=0.0, lt=180.0)] = 30.0
    vertical_fov_deg: Annotated[float, Field(gt=0.0, lt=180.0)] = 30.0
    range_m: Range = 100.0
    points_per_second: Annotated[int, Field(ge=1, le=1_000_000)] = 1500
    seed: Seed = 0

    def attributes(self) -> Attributes:
        """Return what the blueprint is to be set to."""
        return (
            ("horizontal_fov", repr(self.horizontal_fov_deg)),
            ("vertical_fov", repr(self.vertical_fov_deg)),
            ("range", repr(self.range_m)),
            ("points_per_second", str(self.points_per_second)),
            ("noise_seed", str(self.seed)),
        )


class ImuSensor(_Sensor):
    """CARLA's IMU; standard deviations become the covariances of its messages."""

    type: Literal["imu"]
    rate_hz: Rate
    acceleration_std_mps2: Deviations = (0.0, 0.0, 0.0)
    gyro_std_radps: Deviations = (0.0, 0.0, 0.0)
    gyro_bias_radps: tuple[Finite, Finite, Finite] = (0.0, 0.0, 0.0)
    seed: Seed = 0

    def attributes(self) -> Attributes:
        """Return what the blueprint is to be set to; CARLA turns the other way about x and z."""
        bias = (-self.gyro_bias_radps[0], self.gyro_bias_radps[1], -self.gyro_bias_radps[2])
        named = (
            *zip(
                ("accel_stddev_x", "accel_stddev_y", "accel_stddev_z"),
                self.acceleration_std_mps2,
                strict=True,
            ),
            *zip(
                ("gyro_stddev_x", "gyro_stddev_y", "gyro_stddev_z"),
                self.gyro_std_radps,
                strict=True,
            ),
            *zip(("gyro_bias_x", "gyro_bias_y", "gyro_bias_z"), bias, strict=True),
        )
        return (*((f"noise_{k}", repr(v)) for k, v in named), ("noise_seed", str(self.seed)))

    def variances(self) -> tuple[float, ...]:
        """Return the variances of the acceleration and of the angular velocity, six numbers."""
        return tuple(v * v for v in (*self.acceleration_std_mps2, *self.gyro_std_radps))


class GnssSensor(_Sensor):
    """CARLA's GNSS; standard deviations become the covariance of its messages."""

    type: Literal["gnss"]
    rate_hz: Rate
    latitude_std_deg: NonNegative = 0.0
    longitude_std_deg: NonNegative = 0.0
    altitude_std_m: NonNegative = 0.0
    seed: Seed = 0

    def attributes(self) -> Attributes:
        """Return what the blueprint is to be set to."""
        return (
            ("noise_lat_stddev", repr(self.latitude_std_deg)),
            ("noise_lon_stddev", repr(self.longitude_std_deg)),
            ("noise_alt_stddev", repr(self.altitude_std_m)),
            ("noise_seed", str(self.seed)),
        )

    def variances(self) -> tuple[float, ...]:
        """Return the variances of latitude and longitude (deg^2) and of altitude (m^2)."""
        return tuple(
            v * v for v in (self.latitude_std_deg, self.longitude_std_deg, self.altitude_std_m)
        )


class EventSensor(Strict):
    """What reports that something happened to the ego; it sits at base_link."""

    name: Name
    type: Literal["collision", "lane_invasion"]


class ObstacleSensor(Strict):
    """CARLA's obstacle detector: what is ahead of the mount, within reach."""

    name: Name
    type: Literal["obstacle"]
    mount: Mount
    distance_m: Range = 5.0
    hit_radius_m: NonNegative = 0.5
    only_dynamics: bool = False

    def attributes(self) -> Attributes:
        """Return what the blueprint is to be set to."""
        return (
            ("distance", repr(self.distance_m)),
            ("hit_radius", repr(self.hit_radius_m)),
            ("only_dynamics", str(self.only_dynamics).lower()),
        )


SensorEntry = Annotated[
    LidarSensor | RadarSensor | ImuSensor | GnssSensor | EventSensor | ObstacleSensor,
    Field(discriminator="type"),
]
