"""CARLA's IMU: acceleration with gravity, and turn rates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from ...frames import mirror_angular, mirror_vector
from ..rig_file_base import Finite
from ..sensor_base import Attributes, NonNegative, SampledSensor, Sampling, Seed, sampled_topic
from ..sensor_values import ImuReading

Deviations = tuple[NonNegative, NonNegative, NonNegative]


class CarlaImu(SampledSensor):
    """CARLA's IMU; standard deviations become the covariances of its messages."""

    blueprint = "sensor.other.imu"
    topic_key = "imu_raw"
    topic = sampled_topic(
        "imu/{name}/data_raw",
        "sensor_msgs/msg/Imu",
        "CARLA's IMU (REP-145): no orientation, gravity included",
    )

    type: Literal["imu"]
    acceleration_std_mps2: Deviations = (0.0, 0.0, 0.0)
    gyro_std_radps: Deviations = (0.0, 0.0, 0.0)
    gyro_bias_radps: tuple[Finite, Finite, Finite] = (0.0, 0.0, 0.0)
    seed: Seed = 0

    def attributes(self, sampling: Sampling) -> Attributes:
        """Return what the blueprint is to be set to; CARLA turns the other way about x and z."""
        bias = (-self.gyro_bias_radps[0], self.gyro_bias_radps[1], -self.gyro_bias_radps[2])
        vectors = {
            "accel_stddev": self.acceleration_std_mps2,
            "gyro_stddev": self.gyro_std_radps,
            "gyro_bias": bias,
        }
        named = [
            (f"noise_{what}_{axis}", repr(value))
            for what, vector in vectors.items()
            for axis, value in zip("xyz", vector, strict=True)
        ]
        return (*named, ("noise_seed", str(self.seed)))

    def decode(self, measurements: Sequence[Any], sampling: Sampling) -> ImuReading:
        """Return what the IMU felt."""
        a, w = measurements[-1].accelerometer, measurements[-1].gyroscope
        variances = tuple(v * v for v in (*self.acceleration_std_mps2, *self.gyro_std_radps))
        return ImuReading(
            mirror_vector((a.x, a.y, a.z)), mirror_angular((w.x, w.y, w.z)), variances
        )


KIND = CarlaImu
