"""CARLA's radio: what other vehicles that carry one tell of themselves."""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import Field

from ..rig_file_base import Finite
from ..sensor_base import Attributes, EventSensor, Range, Sampling, Seed, event_topic
from ..sensor_values import SensorEvent

_UNKNOWN_HEADING, _UNKNOWN_SPEED, _UNKNOWN_YAW_RATE = 3601, 16383, 32767


class CarlaV2x(EventSensor):
    """CARLA's V2X radio, on the roof: it sends the ego's awareness messages and hears others'."""

    blueprint = "sensor.other.v2x"
    topic_key = "v2x"
    topic = event_topic(
        "events/v2x",
        "awareness messages (CAM) of vehicles with a radio: actor id, type, latitude and "
        "longitude (deg), heading (deg from north, clockwise), speed (m/s), yaw rate (rad/s, left "
        "positive), received power (dBm)",
    )

    type: Literal["v2x"]
    transmit_power_dbm: Finite = 21.5
    receiver_sensitivity_dbm: Finite = -99.0
    antenna_gain_db: Finite = Field(10.0, description="of both antennas together")
    reach_m: Range = 500.0
    scenario: Literal["highway", "rural", "urban"] = "highway"
    path_loss_model: Literal["winner", "geometric"] = "winner"
    fading: bool = Field(
        True, description="let chance weaken messages, as ETSI TR 103 257-1 has it"
    )
    fixed_rate: bool = Field(
        False, description="send ten times a second, not by how fast the ego's motion changes"
    )
    seed: Seed = 0

    def attributes(self, sampling: Sampling) -> Attributes:
        """Return what the blueprint is to be set to."""
        return (
            ("transmit_power", repr(self.transmit_power_dbm)),
            ("receiver_sensitivity", repr(self.receiver_sensitivity_dbm)),
            ("combined_antenna_gain", repr(self.antenna_gain_db)),
            ("filter_distance", repr(self.reach_m)),
            ("scenario", self.scenario),
            ("path_loss_model", self.path_loss_model),
            ("use_etsi_fading", str(self.fading).lower()),
            ("fixed_rate", str(self.fixed_rate).lower()),
            ("noise_seed", str(self.seed)),
        )

    def decode(self, measurement: Any) -> list[SensorEvent]:
        """Return every message that was heard at once."""
        return [self._event(measurement.frame, heard.get()) for heard in measurement]

    def _event(self, frame: int, heard: dict[str, Any]) -> SensorEvent:
        sent = heard["Message"]
        station = sent["Header"]["Station ID"]
        parts = sent["Message"]["CAM Parameters"]
        basic = parts["Basic Container"]
        place = basic["Reference Position"]
        facts = {
            "actor_id": str(station),
            "station_type": basic["Station Type"],
            "latitude_deg": repr(place["Latitude"] * 1e-7),
            "longitude_deg": repr(place["Longitude"] * 1e-7),
            "power_dbm": repr(heard["Power"]),
        }
        motion = parts["High Frequency Container"].get("Basic Vehicle Container High Frequency")
        if motion is not None:
            # CARLA sends its own yaw rate, which is positive to the right.
            told = {
                "heading_deg": (motion["Heading"]["Value"], _UNKNOWN_HEADING, 0.1),
                "speed_mps": (motion["Speed"]["Value"], _UNKNOWN_SPEED, 0.01),
                "yaw_rate_radps": (
                    motion["Yaw Rate"]["Value"],
                    _UNKNOWN_YAW_RATE,
                    -math.radians(0.01),
                ),
            }
            facts |= {
                name: repr(value * unit)
                for name, (value, unknown, unit) in told.items()
                if value != unknown
            }
        return SensorEvent(self.type, self.name, frame, f"heard {station}", facts, "ok")


KIND = CarlaV2x
