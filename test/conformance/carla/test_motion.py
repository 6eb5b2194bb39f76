"""IMU, GNSS and lane marks: signs and values on known curves, and noise that follows its seed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.conformance
Facts = dict[str, Any]
SPEED_M_S, RADIUS_M, PUSH_M_S2, GRAVITY_M_S2 = 10.0, 25.0, 3.0, 9.81


@pytest.fixture(scope="module")
def facts(run_session: Callable[..., Facts]) -> Facts:
    return run_session("motion")


def test_a_right_turn_pulls_right_and_turns_clockwise(facts: Facts) -> None:
    accelerated, turned, compass, angle = facts["right_turn"]
    assert accelerated[1] == pytest.approx(SPEED_M_S**2 / RADIUS_M, rel=0.01)
    assert accelerated[0] == pytest.approx(0.0, abs=0.1)
    assert accelerated[2] == pytest.approx(GRAVITY_M_S2, abs=1e-3)
    assert turned == pytest.approx([0.0, 0.0, SPEED_M_S / RADIUS_M], abs=1e-3)
    assert compass == pytest.approx(math.pi / 2 + angle, abs=1e-4), "yaw 0 looks east"


def test_a_push_ahead_is_positive_x_and_a_lift_adds_to_gravity(facts: Facts) -> None:
    assert facts["push"][0] == pytest.approx([PUSH_M_S2, 0.0, GRAVITY_M_S2], abs=0.01)
    assert facts["lift"][0] == pytest.approx([0.0, 0.0, GRAVITY_M_S2 + PUSH_M_S2], abs=0.01)


def test_gnss_gains_longitude_to_the_east(facts: Facts) -> None:
    here, east, south = facts["gnss"]
    metres_per_deg = math.pi / 180 * 6378137.0 * 0.9996
    assert east[1] - here[1] == pytest.approx(
        50 / metres_per_deg / math.cos(math.radians(here[0])), rel=1e-3
    )
    assert south[0] - here[0] == pytest.approx(50 / metres_per_deg, rel=1e-3)
    assert [p[2] for p in (here, east, south)] == pytest.approx([30, 30, 37], abs=1e-4)


def test_noise_has_the_spread_and_bias_of_its_attributes(facts: Facts) -> None:
    spread, mean = facts["imu_noise"]
    assert spread[:2] == pytest.approx([0.5, 0.2], rel=0.15)
    assert (spread[2], mean[2]) == pytest.approx((0.0, 0.7), abs=1e-6)
    altitude_spread, (altitude, latitude) = facts["gnss_noise"]
    assert altitude_spread == pytest.approx(2.0, rel=0.15)
    assert altitude == pytest.approx(37.0 + 5.0, abs=0.5)
    assert latitude - facts["gnss"][2][0] == pytest.approx(0.001, abs=1e-6)


def test_noise_repeats_with_its_seed(facts: Facts) -> None:
    same, other, same_gnss = facts["seeds"]
    assert same
    assert same_gnss
    assert not other


def test_lane_invasion_names_the_mark(facts: Facts) -> None:
    assert facts["crossed"]
    assert {mark for marks in facts["crossed"] for mark in marks} == {facts["left_mark"]}
