"""What a dynamic vision sensor (DVS) sees: where it grows brighter or darker, and when."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..camera_output import CameraOutput, camera_topic
from ..sensor_values import Cloud

EVENT = np.dtype([("x", "<u2"), ("y", "<u2"), ("t", "<f8"), ("pol", "i1")])
_RAW_EVENT = np.dtype([("x", "<u2"), ("y", "<u2"), ("t", "<i8"), ("pol", "i1")])


def brightness_events(array: Any) -> Cloud:
    """Return the events; ``t`` is in seconds against the measurement's time."""
    raw = np.frombuffer(array.raw_data, _RAW_EVENT)
    cloud = np.empty(len(raw), EVENT)
    cloud["x"], cloud["y"], cloud["pol"] = raw["x"], raw["y"], raw["pol"]
    cloud["t"] = raw["t"] * 1e-9 - array.timestamp
    return cloud


KIND = CameraOutput(
    "sensor.camera.dvs",
    "events",
    camera_topic(
        "camera/{name}/events",
        "sensor_msgs/msg/PointCloud2",
        "events of a DVS: x y uint16, t float64 (s, against the stamp), pol int8",
    ),
    "",
    EVENT.itemsize,
    brightness_events,
    every_tick=True,
)
