"""What CARLA's spinning lidars share: their beams, and sweeps joined from the parts of ticks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import Field, model_validator

from ..frames import Matrix, invert, matrix_from_carla
from .clouds import CloudFields
from .lidar_turn import LidarTurn
from .sensor_base import Attributes, NonNegative, Range, SampledSensor, Sampling, Seed
from .sensor_values import Cloud


class CarlaSpinningLidar(SampledSensor):
    """A ray-cast lidar; a sweep lasts one period and ends at the stamp."""

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
    def _spans(self) -> CarlaSpinningLidar:
        if self.lower_fov_deg >= self.upper_fov_deg:
            raise ValueError(f"sensor {self.name}: lower_fov_deg must lie below upper_fov_deg")
        return self

    @property
    def turn(self) -> LidarTurn:
        """What a sweep is to have; its ticks decide the rest of the attributes."""
        return LidarTurn(self.channels, self.points_per_sweep, self.horizontal_fov_deg, self.fields)

    def note(self, sampling: Sampling) -> str | None:
        """Return a sentence when a sweep gets other columns than asked."""
        return self.turn.note(sampling.ticks)

    def attributes(self, sampling: Sampling) -> Attributes:
        """Return what the blueprint is to be set to."""
        return (
            ("channels", str(self.channels)),
            ("range", repr(self.range_m)),
            ("upper_fov", repr(self.upper_fov_deg)),
            ("lower_fov", repr(self.lower_fov_deg)),
            ("horizontal_fov", repr(self.horizontal_fov_deg)),
            *self.turn.attributes(sampling.ticks, sampling.period_s),
        )


def joined(measurements: Sequence[Any], dtype: np.dtype[Any]) -> Cloud:
    """Join the parts of one lidar sweep in the sensor's axes at the last part.

    CARLA gives each part in the axes that the sensor had then; ``dtype`` is that of its points.
    """
    last_from_map = invert(_map_from_sensor(measurements[-1]))
    parts = []
    for measurement in measurements:
        # As bytes: numpy copies a structure point by point.
        part = np.frombuffer(measurement.raw_data, np.uint8).copy().view(dtype)
        part["y"] *= -1.0
        if measurement is not measurements[-1]:
            last_from_sensor = last_from_map @ _map_from_sensor(measurement)
            xyz = np.stack([part["x"], part["y"], part["z"]], axis=1).astype(np.float64)
            moved = xyz @ last_from_sensor[:3, :3].T + last_from_sensor[:3, 3]
            for i, axis in enumerate("xyz"):
                part[axis] = moved[:, i]
        parts.append(part)
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _map_from_sensor(measurement: Any) -> Matrix:
    place, turn = measurement.transform.location, measurement.transform.rotation
    return matrix_from_carla((place.x, place.y, place.z), (turn.pitch, turn.yaw, turn.roll))
