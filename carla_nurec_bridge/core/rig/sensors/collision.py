"""CARLA's collision detector: what the ego hit, and how hard."""

from __future__ import annotations

from typing import Any, Literal

from ...frames import mirror_vector
from ..sensor_base import EventSensor, event_topic
from ..sensor_values import SensorEvent, facts_of_actor


class CarlaCollision(EventSensor):
    """CARLA's collision detector."""

    blueprint = "sensor.other.collision"
    topic_key = "collision"
    topic = event_topic(
        "events/collision",
        "what the ego hit: actor id, type, role, impulse in the map (N s)",
    )

    type: Literal["collision"]

    def decode(self, measurement: Any) -> list[SensorEvent]:
        """Return the collision."""
        facts = facts_of_actor(measurement.other_actor)
        push = measurement.normal_impulse
        impulse = mirror_vector((push.x, push.y, push.z))
        facts |= {f"impulse_{axis}": repr(float(v)) for axis, v in zip("xyz", impulse, strict=True)}
        who = facts["type_id"]
        return [SensorEvent(self.type, self.name, measurement.frame, who, facts, "error")]


KIND = CarlaCollision
