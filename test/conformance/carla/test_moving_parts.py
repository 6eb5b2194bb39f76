"""Doors and steered wheels under the real client: in pictures, labels and lidar alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Facts = dict[str, Any]
DOOR_M = 1.0


@pytest.fixture(scope="module")
def facts(run_session: Callable[..., Facts]) -> Facts:
    return run_session("moving_parts")


def test_an_open_door_stands_out_to_the_left(facts: Facts) -> None:
    _, _, shut_m = facts["shut"]
    assert shut_m == pytest.approx(facts["half_width"], abs=0.15)
    changed, gained, reach_m = facts["open"]
    assert changed > gained > 60
    assert facts["half_width"] + 0.6 * DOOR_M < reach_m < facts["half_width"] + 1.2 * DOOR_M


def test_a_door_swings_within_a_second(facts: Facts) -> None:
    assert facts["shut"][2] + 0.2 < facts["half_open"][2] < facts["open"][2] - 0.1


def test_a_shut_door_leaves_no_trace(facts: Facts) -> None:
    assert facts["closed"][:2] == [0, 0]


def test_all_doors_open_at_once(facts: Facts) -> None:
    assert facts["all"][1] > 1.5 * facts["open"][1], "bonnet, boot and the doors beyond"


def test_front_wheels_are_seen_to_steer(facts: Facts) -> None:
    assert facts["angle"] == pytest.approx(-35.0, abs=0.5)
    assert facts["steered"][0] > 50


def test_wheels_turned_for_show_look_that_way(facts: Facts) -> None:
    assert facts["straight_for_show"][:2] == [0, 0]
