"""What a driver is told about the vehicle."""

from __future__ import annotations

import pytest

from carla_nurec_bridge.core.errors import ProtocolError
from carla_nurec_bridge.core.vehicle import VehicleInfo

TRUCK = VehicleInfo("vehicle.carlamotors.firetruck", 5.1, 0.9, (8.4, 2.9, 3.8), (2.4, 0.0, 1.9))


def test_it_comes_through_json_whole() -> None:
    assert VehicleInfo.from_json(TRUCK.to_json()) == TRUCK
    assert TRUCK.front_m == pytest.approx(6.6)


@pytest.mark.parametrize("text", ["", "{}", '{"size_m": [1, 2], "box_in_base_m": [0, 0, 0]}'])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError, match="does not describe a vehicle"):
        VehicleInfo.from_json(text)
