"""CARLA's lidar: points with their intensity, on request with ring and time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..clouds import LAYOUTS, arranged
from ..sensor_base import Attributes, Sampling, sampled_topic
from ..sensor_values import Cloud
from ..spinning_lidar import CarlaSpinningLidar, joined

POINT = LAYOUTS["xyzi"]
_NO_DROPOFF = (
    ("dropoff_general_rate", "0.0"),
    ("dropoff_intensity_limit", "1.0"),
    ("dropoff_zero_intensity", "0.0"),
)


class CarlaLidar(CarlaSpinningLidar):
    """CARLA's ray-cast lidar."""

    blueprint = "sensor.lidar.ray_cast"
    topic_key = "points"
    topic = sampled_topic(
        "lidar/{name}/points",
        "sensor_msgs/msg/PointCloud2",
        "x y z intensity float32 in the sensor frame at sweep end; with the rig's "
        "`fields` also ring and time, or Autoware's fields",
        "sweep end = frame",
    )

    type: Literal["lidar"]

    @property
    def reading_bytes(self) -> int:
        """How large a sweep is at most."""
        return self.points_per_sweep * LAYOUTS[self.fields].itemsize

    def attributes(self, sampling: Sampling) -> Attributes:
        """Return what the blueprint is to be set to."""
        dropoff = () if self.dropoff else _NO_DROPOFF
        noise = (("noise_stddev", repr(self.noise_std_m)), ("noise_seed", str(self.seed)))
        return (*super().attributes(sampling), *dropoff, *noise)

    def decode(self, measurements: Sequence[Any], sampling: Sampling) -> Cloud:
        """Join the parts of one sweep in the layout that the rig asks for.

        CARLA tells how many points each channel has, highest first; a point's column is that of
        its azimuth within the part of the turn that its tick covers, clockwise. A column counts as
        measured when it is done, so the last one at the sweep's end.
        """
        cloud = joined(measurements, POINT)
        if self.fields == "xyzi":
            return cloud
        ticks, fov = sampling.ticks, math.radians(self.horizontal_fov_deg)
        columns = self.turn.columns(ticks)
        step = fov / (ticks * columns)
        rings, ages = [], []
        for part, measurement in enumerate(measurements, ticks - len(measurements)):
            raw = np.frombuffer(measurement.raw_data, POINT)
            counts = [measurement.get_point_count(c) for c in range(measurement.channels)]
            rings.append(np.repeat(np.arange(measurement.channels)[::-1], counts))
            x: NDArray[np.float32] = raw["x"]
            y: NDArray[np.float32] = raw["y"]
            clockwise = np.arctan2(y, x, dtype=np.float64) + 0.5 * fov
            since_start = clockwise - measurement.horizontal_angle + step * columns
            column = np.minimum((since_start + 0.5 * step) % fov // step, columns - 1)
            ages.append(1.0 - (part * columns + column + 1.0) / (ticks * columns))
        ages_s = sampling.period_s * np.concatenate(ages)
        return arranged(self.fields, cloud, np.concatenate(rings), ages_s, sampling.period_s)


KIND = CarlaLidar
