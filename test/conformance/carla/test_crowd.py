"""Many clients and many vehicles on one server, under the real client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.conformance
Facts = dict[str, Any]


@pytest.fixture(scope="module")
def facts(run_session: Callable[..., Facts]) -> Facts:
    return run_session("crowd")


def test_late_joiners_see_a_paused_world_whole(facts: Facts) -> None:
    assert facts["joined"] == [True, True]
    assert facts["others_actor"] == "vehicle.audi.tt"


def test_all_clients_see_every_frame(facts: Facts) -> None:
    assert facts["both_see"]


def test_slow_listeners_of_a_shared_sensor_lose_nothing(facts: Facts) -> None:
    assert facts["shared"] == [True, True]


def test_listeners_that_die_mid_frame_hold_nobody_up(facts: Facts) -> None:
    ticks, longer_s = facts["after_deaths"]
    assert facts["half_read"] == 100
    assert ticks == 10
    assert longer_s < 8.0, "no write waits for its deadline of 10 s"


def test_two_hundred_vehicles_drive(facts: Facts) -> None:
    assert facts["vehicles"] == [200, 200]
    assert facts["moved"] > 150
    assert facts["lowest"] > -8.0, "none falls through the ground"
    assert facts["hundred_ticks_cpu_s"] < 5.0, "the server works less than the time it simulates"
    assert facts["destroyed"] == [200, 0]


def test_world_by_itself_keeps_the_pace_of_the_wall_clock(facts: Facts) -> None:
    simulated_s, wall_s = facts["pace"]
    assert simulated_s == pytest.approx(39 * 0.05, abs=0.11)
    assert wall_s > 0.75 * simulated_s, "a busy machine may be slower, none is faster"


def test_world_by_itself_with_a_fixed_step_runs_ahead_of_the_wall_clock(facts: Facts) -> None:
    simulated_s, wall_s = facts["free"]
    assert simulated_s > wall_s, "twenty ticks a second are few, also on a busy machine"


def test_calls_are_answered_and_sensors_have_data_while_it_does(facts: Facts) -> None:
    answers, points, frames = facts["while_asked"]
    assert answers == 1
    assert points > 0
    assert frames >= 1
