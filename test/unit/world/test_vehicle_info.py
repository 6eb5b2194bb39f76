"""What a driver is told about the vehicle."""

from __future__ import annotations

import pytest

from carla_nurec_bridge.core.errors import ProtocolError
from carla_nurec_bridge.world.vehicle_info import VehicleInfo

LIMITS = ((0.0, 0.9), (10.0, 0.6))
TRUCK = VehicleInfo(
    "vehicle.carlamotors.firetruck", 5.1, 0.9, (8.4, 2.9, 3.8), (2.4, 0.0, 1.9), LIMITS
)


def test_it_comes_through_json_whole() -> None:
    assert VehicleInfo.from_json(TRUCK.to_json()) == TRUCK
    assert TRUCK.front_m == pytest.approx(6.6)


@pytest.mark.parametrize(
    ("speed_mps", "limit_rad"), [(0.0, 0.9), (5.0, 0.75), (-5.0, 0.75), (30.0, 0.6)]
)
def test_front_wheels_turn_less_the_faster_it_goes(speed_mps: float, limit_rad: float) -> None:
    assert TRUCK.steer_limit_rad(speed_mps) == pytest.approx(limit_rad)


def test_no_limits_at_all_are_refused() -> None:
    text = TRUCK.to_json().replace("[[0.0, 0.9], [10.0, 0.6]]", "[]")
    with pytest.raises(ProtocolError, match="steer_limits is empty"):
        VehicleInfo.from_json(text)


@pytest.mark.parametrize("text", ["", "{}", '{"size_m": [1, 2], "box_in_base_m": [0, 0, 0]}'])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError, match="does not describe a vehicle"):
        VehicleInfo.from_json(text)
