"""From CARLA's raw measurements to arrays in right-handed sensor axes and SI units.

Clouds are structured arrays (N,) whose fields have the names that ROS users know.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import carla
import numpy as np
from numpy.typing import NDArray

from ...core.frames import invert, mirror_angular, mirror_vector
from ...core.rig.clouds import LAYOUTS, arranged
from ...core.rig.lidar_turn import LidarTurn
from ..session.session import matrix_of

Cloud = NDArray[np.void]

_XYZ = [("x", "<f4"), ("y", "<f4"), ("z", "<f4")]
POINT = LAYOUTS["xyzi"]
LABELLED = np.dtype([*_XYZ, ("CosAngle", "<f4"), ("ObjIdx", "<u4"), ("ObjTag", "<u4")])
RETURN = np.dtype(
    [*_XYZ, *((n, "<f4") for n in ("Range", "Velocity", "AzimuthAngle", "ElevationAngle"))]
)
EVENT = np.dtype([("x", "<u2"), ("y", "<u2"), ("t", "<f8"), ("pol", "i1")])
_DETECTION = np.dtype([(n, "<f4") for n in ("velocity", "azimuth", "altitude", "depth")])
_RAW_EVENT = np.dtype([("x", "<u2"), ("y", "<u2"), ("t", "<i8"), ("pol", "i1")])


@dataclass(frozen=True)
class Felt:
    """What an IMU felt in its own axes: acceleration with gravity (m/s^2), turn rate (rad/s)."""

    acceleration: NDArray[np.float64]
    angular: NDArray[np.float64]


@dataclass(frozen=True)
class Fix:
    """Where a GNSS is: degrees of WGS84, metres."""

    latitude: float
    longitude: float
    altitude_m: float


def sweep(measurements: Sequence[Any], dtype: np.dtype[Any]) -> Cloud:
    """Join the parts of one lidar sweep in the sensor's axes at the last part.

    CARLA gives each part in the axes that the sensor had then. ``dtype`` is POINT or LABELLED.
    """
    last_from_map = invert(matrix_of(measurements[-1].transform))
    parts = []
    for measurement in measurements:
        part = np.frombuffer(measurement.raw_data, dtype).copy()
        part["y"] *= -1.0
        if measurement is not measurements[-1]:
            last_from_sensor = last_from_map @ matrix_of(measurement.transform)
            xyz = np.stack([part["x"], part["y"], part["z"]], axis=1).astype(np.float64)
            moved = xyz @ last_from_sensor[:3, :3].T + last_from_sensor[:3, 3]
            for i, axis in enumerate("xyz"):
                part[axis] = moved[:, i]
        parts.append(part)
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def timed_sweep(measurements: Sequence[Any], turn: LidarTurn, ticks: int, sweep_s: float) -> Cloud:
    """Join the parts of one sweep as ``sweep`` does, in the layout that the rig asks for.

    CARLA tells how many points each channel has, highest first; a point's column is that of its
    azimuth within the part of the turn that its tick covers, clockwise. A column counts as measured
    when it is done, so the last one at the sweep's end.
    """
    columns, fov = turn.columns(ticks), math.radians(turn.horizontal_fov_deg)
    step = fov / (ticks * columns)
    rings, ages = [], []
    for part, measurement in enumerate(measurements, ticks - len(measurements)):
        raw = np.frombuffer(measurement.raw_data, POINT)
        counts = [measurement.get_point_count(c) for c in range(measurement.channels)]
        rings.append(np.repeat(np.arange(measurement.channels)[::-1], counts))
        clockwise = np.arctan2(raw["y"], raw["x"], dtype=np.float64) + 0.5 * fov
        since_start = clockwise - measurement.horizontal_angle + step * columns
        column = np.minimum((since_start + 0.5 * step) % fov // step, columns - 1)
        ages.append(1.0 - (part * columns + column + 1.0) / (ticks * columns))
    cloud, ring, age = sweep(measurements, POINT), np.concatenate(rings), np.concatenate(ages)
    return arranged(turn.fields, cloud, ring, sweep_s * age, sweep_s)


def radar(measurement: carla.RadarMeasurement) -> Cloud:
    """Return the detections; azimuth counts to the left, a negative velocity comes nearer."""
    raw = np.frombuffer(measurement.raw_data, _DETECTION)
    cloud = np.empty(len(raw), RETURN)
    azimuth, elevation, depth = -raw["azimuth"], raw["altitude"], raw["depth"]
    cloud["x"] = depth * np.cos(azimuth) * np.cos(elevation)
    cloud["y"] = depth * np.sin(azimuth) * np.cos(elevation)
    cloud["z"] = depth * np.sin(elevation)
    cloud["Range"], cloud["Velocity"] = depth, raw["velocity"]
    cloud["AzimuthAngle"], cloud["ElevationAngle"] = azimuth, elevation
    return cloud


def imu(measurement: carla.IMUMeasurement) -> Felt:
    """Return what the IMU felt."""
    a, w = measurement.accelerometer, measurement.gyroscope
    return Felt(mirror_vector((a.x, a.y, a.z)), mirror_angular((w.x, w.y, w.z)))


def gnss(measurement: carla.GnssMeasurement) -> Fix:
    """Return the fix."""
    return Fix(measurement.latitude, measurement.longitude, measurement.altitude)


def flow(image: carla.OpticalFlowImage) -> NDArray[np.float32]:
    """Return the motion (H, W, 2) in pixels, right and down; CARLA counts in image sizes."""
    raw = np.frombuffer(image.raw_data, np.float32).reshape(image.height, image.width, 2)
    scaled: NDArray[np.float32] = raw * np.array([image.width, image.height], np.float32)
    return scaled


def events(array: carla.DVSEventArray) -> Cloud:
    """Return the events of a DVS; ``t`` is in seconds against the measurement's time."""
    raw = np.frombuffer(array.raw_data, _RAW_EVENT)
    cloud = np.empty(len(raw), EVENT)
    cloud["x"], cloud["y"], cloud["pol"] = raw["x"], raw["y"], raw["pol"]
    cloud["t"] = raw["t"] * 1e-9 - array.timestamp
    return cloud
