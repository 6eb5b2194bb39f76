"""Awareness messages as CARLA's client tells them, as events."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from carla_nurec_bridge.core.rig.sensors.v2x import CarlaV2x

_RADIO = CarlaV2x(name="radio", type="v2x")


class Heard(list[Any]):
    """Stands for CARLA's CAMEvent."""

    frame = 9


def heard(motion: dict[str, Any] | None) -> Heard:
    """Return one message of station 300, with or without what a vehicle tells of its motion."""
    fast = {} if motion is None else {"Basic Vehicle Container High Frequency": motion}
    place = {"Latitude": 481_351_160, "Longitude": -115_823_530}
    parts = {
        "Basic Container": {"Station Type": "Bus", "Reference Position": place},
        "High Frequency Container": fast,
    }
    sent = {"Header": {"Station ID": 300}, "Message": {"CAM Parameters": parts}}
    return Heard([SimpleNamespace(get=lambda: {"Power": -70.5, "Message": sent})])


def test_a_message_is_told_in_degrees_and_metres_turning_left() -> None:
    motion = {"Heading": {"Value": 900}, "Speed": {"Value": 1234}, "Yaw Rate": {"Value": -573}}
    [event] = _RADIO.decode(heard(motion))
    assert (event.kind, event.sensor, event.frame, event.level) == ("v2x", "radio", 9, "ok")
    assert event.summary == "heard 300"
    numbers = {key: float(event.facts[key]) for key in event.facts if key != "station_type"}
    assert numbers == pytest.approx(
        {
            "actor_id": 300.0,
            "latitude_deg": 48.135116,
            "longitude_deg": -11.582353,
            "power_dbm": -70.5,
            "heading_deg": 90.0,
            "speed_mps": 12.34,
            "yaw_rate_radps": 0.1,
        },
        abs=1e-4,
    )


def test_what_a_station_does_not_know_is_left_out() -> None:
    unknown = {"Heading": {"Value": 3601}, "Speed": {"Value": 16383}, "Yaw Rate": {"Value": 32767}}
    for motion in (unknown, None):
        [event] = _RADIO.decode(heard(motion))
        assert "latitude_deg" in event.facts
        assert not {"heading_deg", "speed_mps", "yaw_rate_radps"} & event.facts.keys()


def test_all_that_is_heard_at_once_is_told() -> None:
    both = heard(None)
    both.extend(heard(None))
    assert len(_RADIO.decode(both)) == 2
