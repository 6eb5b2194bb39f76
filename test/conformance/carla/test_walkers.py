"""Walkers under the real client: told, jumping, finding their way themselves, and their bones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.conformance
Facts = dict[str, Any]
SPEED_M_S, SECONDS = 1.5, 1.0


@pytest.fixture(scope="module")
def facts(run_session: Callable[..., Facts]) -> Facts:
    return run_session("walkers")


def test_a_walker_goes_where_it_is_told_and_looks_there(facts: Facts) -> None:
    before, after, velocity = facts["walked"]
    assert after[1] - before[1] == pytest.approx(SPEED_M_S * SECONDS, abs=1e-3)
    assert after[0] == pytest.approx(before[0], abs=1e-3)
    assert after[4] == pytest.approx(90.0, abs=1e-3)
    assert velocity == pytest.approx([0.0, SPEED_M_S, 0.0], abs=1e-5)


def test_a_jump_follows_the_parabola_once(facts: Facts) -> None:
    highest, last, ticks_above = facts["jump"]
    assert highest == pytest.approx(4.2**2 / (2 * 9.81), abs=0.01)
    assert last == pytest.approx(0.0, abs=1e-3)
    assert ticks_above == pytest.approx(2 * 4.2 / 9.81 / 0.05, abs=1)


def test_random_places_lie_on_sidewalks(facts: Facts) -> None:
    assert facts["on_sidewalk"] >= 195
    assert max(facts["sides"]) < 8.0


def test_an_ai_walker_crosses_the_road_on_the_crosswalk(facts: Facts) -> None:
    route = facts["route"]
    assert route["distance"] < 1.0
    assert route["over_crosswalk"] < 3.0
    assert route["off_paths"] == 0
    assert route["fastest"] == pytest.approx(3.0, abs=0.1)


def test_bones_are_where_a_body_has_them(facts: Facts) -> None:
    assert {"crl_root", "crl_Head__C", "crl_hand__L", "crl_foot__R"} <= set(facts["bones"])
    (x, y, z, *_), half_height = facts["body"]
    head = facts["head"]
    assert head[:2] == pytest.approx([x, y], abs=0.05)
    assert head[2] == pytest.approx(z - half_height + 0.9 * 2 * half_height, abs=1e-3)
    left, right = facts["hands"]
    assert left[1] < -0.2 < 0.2 < right[1], "left is negative in CARLA's axes"


def test_posed_bones_show_as_far_as_they_are_blended(facts: Facts) -> None:
    shown, wanted = facts["raised"]
    assert shown == pytest.approx(wanted, abs=1e-4)
    child_after, child_before = facts["child"]
    assert child_after == pytest.approx(child_before, abs=1e-4)
    assert facts["relaxed"] == pytest.approx(facts["unposed"], abs=1e-5)


def test_a_pose_can_be_taken_from_the_stride(facts: Facts) -> None:
    taken, later = facts["held_knees"]
    assert later == pytest.approx(taken, abs=1e-4)
    assert facts["moving_knee"] != pytest.approx(taken, abs=0.02)
