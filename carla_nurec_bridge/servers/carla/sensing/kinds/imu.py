"""Inertial units: what a body's own motion feels like."""

from __future__ import annotations

import math

import msgpack
import numpy as np

from ...attributes import by_axis
from ...world.actors import EpisodeActor
from ...world.episode import Episode
from ..acceleration import Acceleration
from ..kind import Moment, Payload, SensorKind
from ..noise import random_of


class Imu:
    """An IMU: the acceleration of its place with gravity added, turning, and a compass."""

    def __init__(self, episode: Episode, actor: EpisodeActor) -> None:
        values = actor.attributes
        self._random = random_of(actor, episode.seed)
        self._accel_stddev = by_axis(values, "noise_accel_stddev_{}", "xyz")
        self._gyro_stddev = by_axis(values, "noise_gyro_stddev_{}", "xyz")
        self._gyro_bias = by_axis(values, "noise_gyro_bias_{}", "xyz")
        self._acceleration = Acceleration()
        self._turned: tuple[float, np.ndarray] | None = None

    def measure(self, moment: Moment) -> list[Payload]:
        """Return m/s^2 and rad/s in the sensor's axes (CARLA's handedness), and compass in rad."""
        map_from_imu, now_s = moment.map_from_sensor, moment.episode.elapsed_s
        acceleration = self._acceleration.follow(now_s, map_from_imu[:3, 3])
        rotation = map_from_imu[:3, :3]
        felt = rotation.T @ (acceleration + (0.0, 0.0, moment.episode.imu_gravity_m_s2))
        rate = np.zeros(3)
        if self._turned is not None and self._turned[0] < now_s:
            then_s, before = self._turned
            turn = before.T @ rotation
            rate = (
                0.5
                / (now_s - then_s)
                * np.array(
                    [turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]]
                )
            )
        self._turned = now_s, rotation.copy()
        # CARLA's axes: y is mirrored; turning about x and z changes sign instead.
        felt = felt * (1.0, -1.0, 1.0) + self._noise(self._accel_stddev)
        rate = rate * (-1.0, 1.0, -1.0) + self._gyro_bias + self._noise(self._gyro_stddev)
        forward = rotation[:, 0]
        # North is CARLA's -y, which is the map's +y; the compass turns clockwise.
        compass = math.atan2(forward[0], forward[1]) % (2.0 * math.pi)
        return [(msgpack.packb([felt.tolist(), rate.tolist(), compass]),)]

    def _noise(self, stddev: np.ndarray) -> np.ndarray:
        return self._random.normal(0.0, 1.0, 3) * stddev


KIND = SensorKind("sensor.other.imu", 5, Imu, runs_unheard=True)
