"""Traffic Manager and traffic lights of the real client on the embedded server."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.conformance
Facts = dict[str, Any]
TICKS = "600"


@pytest.fixture(scope="module")
def traffic(run_session: Callable[..., Facts]) -> Facts:
    return run_session("traffic", TICKS, "first")


@pytest.fixture(scope="module")
def lights(run_session: Callable[..., Facts]) -> Facts:
    return run_session("lights")


def test_traffic_flows_without_deadlock(traffic: Facts) -> None:
    assert traffic["alive"] == traffic["cars"] == 14
    assert min(traffic["way"]) > 20.0
    assert sum(traffic["way"]) / traffic["cars"] > 3.0 * traffic["seconds"]
    assert traffic["longest_stop_s"] < 25.0


def test_traffic_keeps_its_lanes(traffic: Facts) -> None:
    assert traffic["off_p99"] < 0.7


def test_traffic_stops_at_red(traffic: Facts) -> None:
    assert traffic["red_stops"] >= 1
    assert traffic["red_runs"] == 0


def test_traffic_repeats_bit_by_bit(traffic: Facts, run_session: Callable[..., Facts]) -> None:
    assert run_session("traffic", TICKS, "second")["hash"] == traffic["hash"]


def test_lights_carry_the_ids_of_the_map(lights: Facts) -> None:
    served, in_map = lights["ids"]
    assert served == in_map
    assert lights["count"] == len(served) > 0
    assert lights["by_landmark"] >= lights["count"]
    assert lights["stops"] >= 1


def test_lights_cycle_without_conflict(lights: Facts) -> None:
    history = lights["history"]
    stages = [stage for stage, _ in itertools.groupby(history)]
    assert any("G" in stage for stage in stages)
    assert any("Y" in stage for stage in stages)
    for before, after in itertools.pairwise(stages):
        for old, new in zip(before, after, strict=True):
            assert (old, new) not in {("G", "R"), ("Y", "G"), ("R", "Y")}
    greens = {stage for stage in stages if "G" in stage}
    assert len(greens) >= 2, "more than one phase gets green"
    for stage in greens:
        assert "R" in stage, "never all green"
    lasting = [len(list(run)) for stage, run in itertools.groupby(history) if "G" in stage]
    assert lights["times"] == [10.0, 3.0, 2.0]
    assert max(lasting) == 10 * 20


def test_lights_obey(lights: Facts) -> None:
    assert lights["green_time"] == 4.0
    assert lights["frozen"] == [True, True]
    assert lights["set"] == ["Red"]


def test_vehicle_before_a_light_is_told(lights: Facts) -> None:
    told = [row for row in lights["told"] if row[0]]
    assert told, "no vehicle stood before a light"
    for _, state, light, mark in told:
        assert state == "Red"
        assert light == mark


def test_lights_that_hold_for_no_lane_work_and_stop_nobody(
    run_session: Callable[..., Facts],
) -> None:
    facts = run_session("odd_lights")
    assert facts["ids"] == ["1", "2", "3", "4", "5", "6", "7", "8"]
    # The road's two directions take turns, and every light has its time of green.
    assert {light for row in facts["seen"] for light, state in enumerate(row) if state == "G"} == {
        *range(8)
    }
    assert facts["set"] == "Green"
    # 3 m long, 1.5 m before the line at s = 60, or where the reference has it; CARLA's rule.
    assert [light for light, *_ in facts["places"]] == ["1", "2", "4"]
    expected = [("1", 1, -1, 57.0), ("2", 1, 1, 63.0), ("4", 2, -1, 37.0)]
    for place, right in zip(facts["places"], expected, strict=True):
        assert place[:3] == list(right[:3])
        assert place[3] == pytest.approx(right[3], abs=0.01)
    for box, has_place in zip(facts["boxes"], (1, 1, 0, 1, 0, 0, 0, 0), strict=True):
        assert box == pytest.approx([1.75 * has_place, 1.5 * has_place], abs=1e-3)


def test_agents_see_the_light_straight_ahead(lights: Facts) -> None:
    # CARLA's agents drop what lies at an angle of 0 or less, and ask for the road of the light.
    assert lights["ahead"]
    for angle_deg, same_road, in_junction in lights["ahead"]:
        assert 0.0 < angle_deg < 2.0
        assert same_road
        assert not in_junction
