"""CARLA's radar: single returns with their range rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from ..sensor_base import Attributes, Range, SampledSensor, Sampling, Seed, sampled_topic
from ..sensor_values import Cloud

_COLUMNS = ("x", "y", "z", "Range", "Velocity", "AzimuthAngle", "ElevationAngle")
RETURN = np.dtype([(name, "<f4") for name in _COLUMNS])
_DETECTION = np.dtype([(name, "<f4") for name in ("velocity", "azimuth", "altitude", "depth")])


class CarlaRadar(SampledSensor):
    """CARLA's radar."""

    blueprint = "sensor.other.radar"
    topic_key = "radar_points"
    topic = sampled_topic(
        "radar/{name}/points",
        "sensor_msgs/msg/PointCloud2",
        "x y z Range Velocity AzimuthAngle ElevationAngle float32; m, m/s "
        "(negative = approaching), rad (left and up positive)",
    )

    type: Literal["radar"]
    horizontal_fov_deg: Annotated[float, Field(gt=0.0, lt=180.0)] = 30.0
    vertical_fov_deg: Annotated[float, Field(gt=0.0, lt=180.0)] = 30.0
    range_m: Range = 100.0
    points_per_second: Annotated[int, Field(ge=1, le=1_000_000)] = 1500
    seed: Seed = 0

    @property
    def reading_bytes(self) -> int:
        """How large a reading is at most."""
        return int(RETURN.itemsize * self.points_per_second / self.rate_hz)

    def attributes(self, sampling: Sampling) -> Attributes:
        """Return what the blueprint is to be set to."""
        return (
            ("horizontal_fov", repr(self.horizontal_fov_deg)),
            ("vertical_fov", repr(self.vertical_fov_deg)),
            ("range", repr(self.range_m)),
            ("points_per_second", str(self.points_per_second)),
            ("noise_seed", str(self.seed)),
        )

    def decode(self, measurements: Sequence[Any], sampling: Sampling) -> Cloud:
        """Return the returns; azimuth counts to the left, a negative velocity comes nearer."""
        raw = np.frombuffer(measurements[-1].raw_data, _DETECTION)
        cloud = np.empty(len(raw), RETURN)
        azimuth, elevation, depth = -raw["azimuth"], raw["altitude"], raw["depth"]
        cloud["x"] = depth * np.cos(azimuth) * np.cos(elevation)
        cloud["y"] = depth * np.sin(azimuth) * np.cos(elevation)
        cloud["z"] = depth * np.sin(elevation)
        cloud["Range"], cloud["Velocity"] = depth, raw["velocity"]
        cloud["AzimuthAngle"], cloud["ElevationAngle"] = azimuth, elevation
        return cloud


KIND = CarlaRadar
