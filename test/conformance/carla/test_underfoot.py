"""Boxes of other friction, props that are driven over or run into, and tyres' stiffness."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.conformance
Facts = dict[str, Any]
G = 9.81
OWN = [3.5] * 4
TAKEN = "Spawn failed because of collision at spawn position"


@pytest.fixture(scope="module")
def facts(run_session: Callable[..., Facts]) -> Facts:
    return run_session("underfoot")


def all_of(friction: float) -> Any:
    return pytest.approx([friction] * 4)


def test_trigger_is_an_actor_with_its_place(facts: Facts) -> None:
    ((same, friction, extent, where),) = facts["trigger"]
    assert same
    assert (friction, extent) == ("0.4", "500.0")
    assert where == pytest.approx(facts["wanted"], abs=1e-3)


def test_wheels_have_the_friction_of_the_box_inside_and_their_own_outside(facts: Facts) -> None:
    before, inside, after = facts["through"]
    assert (before, after) == (OWN, OWN)
    assert inside == all_of(0.4)
    touching, clear = facts["edge"]
    assert touching == all_of(0.4), "half a car long before the edge, its bonnet is inside"
    assert clear == OWN


def test_the_box_entered_last_decides(facts: Facts) -> None:
    assert facts["nested"] == [OWN, all_of(0.4), all_of(0.9), all_of(0.4), OWN]


def test_physics_written_inside_do_not_outlast_the_box(facts: Facts) -> None:
    inside, outside = facts["written_inside"]
    assert inside == all_of(0.4)
    assert outside == OWN


def test_boxes_can_be_moved_carried_and_destroyed(facts: Facts) -> None:
    left, joined = facts["moved"]
    assert left == OWN
    assert joined == all_of(0.4)
    assert facts["destroyed"] == OWN
    assert facts["carried"] == [all_of(1.5), all_of(1.5)]
    assert "finite" in facts["nonsense"]


def test_brakes_hold_in_proportion_to_the_friction(facts: Facts) -> None:
    little, more = facts["slowed"]
    assert more == pytest.approx(2.0 * little, rel=0.02)
    assert 0.0 < little <= 0.2 * G * 0.5


def test_soft_tyres_hold_less_along_their_way(facts: Facts) -> None:
    soft, hard, usual = facts["stiff"]
    force_per_mass = 4 * 100.0 * G / 1500.0
    assert soft == pytest.approx(force_per_mass * 1.5, rel=0.1), "PhysX's force at full slip"
    assert hard > 1.2 * soft
    assert usual == pytest.approx(hard, rel=0.01)


@pytest.mark.parametrize("name", ["ironplank", "dirtdebris03", "creasedbox02", "colacan"])
def test_flat_props_are_driven_over(facts: Facts, name: str) -> None:
    height, driven, hits = facts["flat"][name]
    assert height < 0.22
    assert driven == pytest.approx(50 * 0.05 * 8.0, abs=0.1)
    assert hits == 0


@pytest.mark.parametrize("name", ["trafficcone01", "plantpot05", "briefcase"])
def test_tall_props_stop_a_car(facts: Facts, name: str) -> None:
    height, driven, hits = facts["tall"][name]
    assert height > 0.22
    assert driven < 9.0
    assert hits > 0


def test_a_flat_prop_that_hangs_in_the_way_stops_a_car(facts: Facts) -> None:
    _, driven, hits = facts["hung"]
    assert driven < 9.0
    assert hits > 0


def test_flat_props_are_in_nobodys_way_at_spawn(facts: Facts) -> None:
    assert facts["under_car_dirtdebris01"] == ""
    assert facts["on_dirtdebris01"] == ["", ""]
    assert facts["under_car_trafficcone01"] == TAKEN
    assert facts["on_trafficcone01"] == [TAKEN, TAKEN]


def test_two_wheelers_have_four_wheels_in_pairs(facts: Facts) -> None:
    wheels = np.array(facts["scooter"]) / 100.0
    assert wheels.shape == (4, 3)
    x, y, _, _, yaw, _ = facts["scooter_at"]
    turn = np.array([math.cos(math.radians(yaw)), math.sin(math.radians(yaw))])
    along = (wheels[:, :2] - (x, y)) @ turn
    assert along[0] == pytest.approx(along[1], abs=1e-3)
    assert along[2] == pytest.approx(along[3], abs=1e-3)
    assert along[0] > 0.3 > -0.3 > along[2]
    assert np.linalg.norm(wheels[0] - wheels[1]) < 0.3
    assert facts["scooter_frictions"] == [1.0, 2.0, 3.0, 4.0]
    front, other, *rear = facts["scooter_steer"]
    assert front == other != 0.0
    assert rear == [0.0, 0.0]
    assert sum(facts["scooter_load"]) == pytest.approx(facts["scooter_mass"] * G, rel=0.01)


def test_what_is_not_served_says_so(facts: Facts) -> None:
    refused = facts["refused"]
    assert "no texts" in refused["v2x_custom"]
    assert "RSS" in refused["rss"]
    assert "Unreal meshes" in refused["mesh"]
    assert facts["empty"] == ["", ""]
