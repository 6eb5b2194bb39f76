"""CARLA's lane detector: markings that the ego crossed."""

from __future__ import annotations

from typing import Any, Literal

from ..sensor_base import EventSensor, event_topic
from ..sensor_values import SensorEvent


class CarlaLaneInvasion(EventSensor):
    """CARLA's lane detector, which runs in the client."""

    blueprint = "sensor.other.lane_invasion"
    topic_key = "lane_invasion"
    topic = event_topic(
        "events/lane_invasion",
        "lane markings that the ego crossed: types and colours",
    )

    type: Literal["lane_invasion"]

    def decode(self, measurement: Any) -> list[SensorEvent]:
        """Return which markings were crossed."""
        markings = measurement.crossed_lane_markings
        facts = {
            "types": ",".join(str(m.type) for m in markings),
            "colors": ",".join(str(m.color) for m in markings),
        }
        summary = f"crossed {facts['types']}"
        return [SensorEvent(self.type, self.name, measurement.frame, summary, facts)]


KIND = CarlaLaneInvasion
