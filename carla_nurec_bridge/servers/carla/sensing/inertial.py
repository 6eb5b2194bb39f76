"""Inertial and satellite sensors: what the body's own motion and place say."""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgpack
import numpy as np

from ....core.frames import Matrix
from ....opendrive.geo_reference import client_place
from ....opendrive.model import OpenDriveMap
from ..attributes import Attributes, real
from ..world.actors import EpisodeActor
from .noise import random_of

IMU, GNSS = "sensor.other.imu", "sensor.other.gnss"
INDEX = {IMU: 5, GNSS: 4}
EARTH_RADIUS_M = 6378137.0
MERCATOR_SCALE = 0.9996


class Imu:
    """An IMU: acceleration by the second difference of its place, with gravity added."""

    def __init__(self, actor: EpisodeActor, seed: int) -> None:
        values = actor.attributes
        self._random = random_of(actor, seed)
        self._accel_stddev = _by_axis(values, "noise_accel_stddev_{}", "xyz")
        self._gyro_stddev = _by_axis(values, "noise_gyro_stddev_{}", "xyz")
        self._gyro_bias = _by_axis(values, "noise_gyro_bias_{}", "xyz")
        self._places: list[np.ndarray] = []
        self._rotation: np.ndarray | None = None

    def measure(
        self, map_from_imu: Matrix, delta_s: float, gravity_m_s2: float
    ) -> tuple[int, tuple[bytes]]:
        """Return (message type, payload): m/s^2 and rad/s in the sensor's axes, compass in rad."""
        self._places = [*self._places[-2:], map_from_imu[:3, 3].copy()]
        acceleration = np.zeros(3)
        if len(self._places) == 3:
            before, middle, now = self._places
            acceleration = (now - 2.0 * middle + before) / delta_s**2
        rotation = map_from_imu[:3, :3]
        felt = rotation.T @ (acceleration + (0.0, 0.0, gravity_m_s2))
        rate = np.zeros(3)
        if self._rotation is not None:
            turn = self._rotation.T @ rotation
            rate = (
                0.5
                / delta_s
                * np.array(
                    [turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]]
                )
            )
        self._rotation = rotation.copy()
        # CARLA's axes: y is mirrored; turning about x and z changes sign instead.
        felt = felt * (1.0, -1.0, 1.0) + self._noise(self._accel_stddev)
        rate = rate * (-1.0, 1.0, -1.0) + self._gyro_bias + self._noise(self._gyro_stddev)
        forward = rotation[:, 0]
        # North is CARLA's -y, which is the map's +y; the compass turns clockwise.
        compass = math.atan2(forward[0], forward[1]) % (2.0 * math.pi)
        return INDEX[IMU], (msgpack.packb([felt.tolist(), rate.tolist(), compass]),)

    def _noise(self, stddev: np.ndarray) -> np.ndarray:
        return self._random.normal(0.0, 1.0, 3) * stddev


class Gnss:
    """A satellite receiver: latitude and longitude by the formula of CARLA's client."""

    def __init__(self, actor: EpisodeActor, seed: int, road_map: OpenDriveMap) -> None:
        axes = ("lat", "lon", "alt")
        self._stddev = _by_axis(actor.attributes, "noise_{}_stddev", axes)
        self._bias = _by_axis(actor.attributes, "noise_{}_bias", axes)
        self._random = random_of(actor, seed)
        self._origin_deg = client_place(road_map.geo_reference_text)

    def measure(self, map_from_gnss: Matrix) -> tuple[int, tuple[bytes]]:
        """Return (message type, payload): degrees and metres."""
        x, y, z = map_from_gnss[:3, 3].tolist()
        values = np.array([*geodetic(x, -y, self._origin_deg), z])
        values += self._bias + self._stddev * self._random.normal(size=3)
        return INDEX[GNSS], (msgpack.packb(values.tolist()),)


def _by_axis(attributes: Attributes, name: str, axes: Iterable[str]) -> np.ndarray:
    """Return (3,) attributes whose name holds an axis."""
    return np.array([real(attributes, name.format(axis), "0") for axis in axes])


def geodetic(x: float, y: float, origin_deg: tuple[float, float]) -> tuple[float, float]:
    """Return (latitude, longitude) in degrees of a CARLA place: spherical transverse Mercator.

    As the 0.9.16 client computes it, y is not mirrored: CARLA's +y gains latitude.
    """
    across = x / (MERCATOR_SCALE * EARTH_RADIUS_M)
    along = y / (MERCATOR_SCALE * EARTH_RADIUS_M) + math.radians(origin_deg[0])
    latitude = math.asin(math.sin(along) / math.cosh(across))
    longitude = math.radians(origin_deg[1]) + math.atan2(math.sinh(across), math.cos(along))
    return math.degrees(latitude), math.degrees(longitude)
