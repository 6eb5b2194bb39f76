"""CARLA's semantic lidar: points with what they lie on and whose they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from pydantic import model_validator

from ..sensor_base import Sampling, sampled_topic
from ..sensor_values import Cloud
from ..spinning_lidar import CarlaSpinningLidar, joined

LABELLED = np.dtype(
    [
        *((axis, "<f4") for axis in "xyz"),
        ("CosAngle", "<f4"),
        ("ObjIdx", "<u4"),
        ("ObjTag", "<u4"),
    ]
)


class CarlaSemanticLidar(CarlaSpinningLidar):
    """CARLA's semantic lidar, without dropoff and noise; the fields of its points are its own."""

    blueprint = "sensor.lidar.ray_cast_semantic"
    topic_key = "semantic_points"
    topic = sampled_topic(
        "lidar/{name}/semantic_points",
        "sensor_msgs/msg/PointCloud2",
        "x y z CosAngle float32, ObjIdx (actor id) ObjTag uint32",
        "sweep end = frame",
    )

    type: Literal["semantic_lidar"]

    @model_validator(mode="after")
    def _is_plain(self) -> CarlaSemanticLidar:
        if self.dropoff or self.noise_std_m:
            raise ValueError(f"sensor {self.name}: a semantic lidar has no dropoff and no noise")
        if self.fields != "xyzi":
            raise ValueError(f"sensor {self.name}: the fields of a semantic lidar are its own")
        return self

    @property
    def reading_bytes(self) -> int:
        """How large a sweep is at most."""
        return self.points_per_sweep * LABELLED.itemsize

    def decode(self, measurements: Sequence[Any], sampling: Sampling) -> Cloud:
        """Return the sweep."""
        return joined(measurements, LABELLED)


KIND = CarlaSemanticLidar
