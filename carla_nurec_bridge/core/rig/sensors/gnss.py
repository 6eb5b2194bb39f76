"""CARLA's GNSS: a fix with noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from ..sensor_base import Attributes, NonNegative, SampledSensor, Sampling, Seed, sampled_topic
from ..sensor_values import GnssFix


class CarlaGnss(SampledSensor):
    """CARLA's GNSS; standard deviations become the covariance of its messages."""

    blueprint = "sensor.other.gnss"
    topic_key = "gnss_sensor"
    topic = sampled_topic(
        "gnss/{name}/fix",
        "sensor_msgs/msg/NavSatFix",
        "CARLA's GNSS, with its noise's covariance",
    )

    type: Literal["gnss"]
    latitude_std_deg: NonNegative = 0.0
    longitude_std_deg: NonNegative = 0.0
    altitude_std_m: NonNegative = 0.0
    seed: Seed = 0

    def attributes(self, sampling: Sampling) -> Attributes:
        """Return what the blueprint is to be set to."""
        return (
            ("noise_lat_stddev", repr(self.latitude_std_deg)),
            ("noise_lon_stddev", repr(self.longitude_std_deg)),
            ("noise_alt_stddev", repr(self.altitude_std_m)),
            ("noise_seed", str(self.seed)),
        )

    def decode(self, measurements: Sequence[Any], sampling: Sampling) -> GnssFix:
        """Return the fix."""
        last = measurements[-1]
        deviations = (self.latitude_std_deg, self.longitude_std_deg, self.altitude_std_m)
        variances = tuple(v * v for v in deviations)
        return GnssFix(last.latitude, last.longitude, last.altitude, variances)


KIND = CarlaGnss
