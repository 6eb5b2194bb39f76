"""CARLA's obstacle detector: what is ahead of the mount, within reach."""

from __future__ import annotations

from typing import Any, Literal

from ...frames import Matrix
from ..rig_file_base import Mount
from ..sensor_base import (
    Attributes,
    EventSensor,
    NonNegative,
    Range,
    Sampling,
    event_topic,
)
from ..sensor_values import SensorEvent, facts_of_actor


class CarlaObstacle(EventSensor):
    """CARLA's obstacle detector."""

    blueprint = "sensor.other.obstacle"
    topic_key = "obstacle"
    topic = event_topic(
        "events/obstacle",
        "what an obstacle sensor sees: actor id, type, role, distance (m)",
    )

    type: Literal["obstacle"]
    mount: Mount
    distance_m: Range = 5.0
    hit_radius_m: NonNegative = 0.5
    only_dynamics: bool = False

    @property
    def rig_from_sensor(self) -> Matrix:
        """The matrix (4, 4) that takes the sensor's axes (x forward, z up) to base_link."""
        return self.mount.matrix()

    def attributes(self, sampling: Sampling) -> Attributes:
        """Return what the blueprint is to be set to."""
        return (
            ("distance", repr(self.distance_m)),
            ("hit_radius", repr(self.hit_radius_m)),
            ("only_dynamics", str(self.only_dynamics).lower()),
        )

    def decode(self, measurement: Any) -> list[SensorEvent]:
        """Return what is ahead."""
        facts = facts_of_actor(measurement.other_actor)
        facts["distance_m"] = repr(float(measurement.distance))
        return [SensorEvent(self.type, self.name, measurement.frame, facts["type_id"], facts)]


KIND = CarlaObstacle
