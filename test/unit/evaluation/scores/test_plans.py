"""Displacement errors of plans whose distance from the drive is known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from carla_nurec_bridge.core.run_contract.timebase import NS_PER_S
from carla_nurec_bridge.evaluation.scores.plans import Plans

T0_NS, STEP_NS, SPEED = 1_000 * NS_PER_S, 100_000_000, 10.0
STAMPS = T0_NS + STEP_NS * np.arange(101, dtype=np.int64)
DRIVEN = np.stack([SPEED * np.arange(101) / 10.0, np.zeros(101)], axis=1)


def stamp(ns: int) -> SimpleNamespace:
    return SimpleNamespace(sec=ns // NS_PER_S, nanosec=ns % NS_PER_S)


def plan(
    start: float, seconds: float, beside_m: float = 0.0, speed: float = SPEED, frame: str = "map"
) -> Any:
    """Return a plan at 10 Hz that begins so long after the drive did, with its own speed."""
    poses = []
    for k in range(1, round(seconds * 10) + 1):
        t = start + k / 10
        place = SimpleNamespace(x=SPEED * start + speed * k / 10, y=beside_m, z=0.0)
        head = SimpleNamespace(stamp=stamp(T0_NS + round(t * 10) * STEP_NS))
        poses.append(SimpleNamespace(header=head, pose=SimpleNamespace(position=place)))
    head = SimpleNamespace(stamp=stamp(T0_NS + round(start * 10) * STEP_NS), frame_id=frame)
    return SimpleNamespace(header=head, poses=poses)


def figures(*plans: Any) -> dict[float, tuple[int, float | None, float | None]]:
    made = Plans()
    for each in plans:
        made.add(each)
    found = made.figures(STAMPS, DRIVEN)
    assert found is not None
    return {x.horizon_s: (x.plans, x.ade_m, x.fde_m) for x in found.horizons}


@pytest.mark.parametrize("beside_m", [0.0, 0.5, -2.0])
def test_a_plan_beside_the_drive_is_as_far_away_all_the_time(beside_m: float) -> None:
    away = abs(beside_m)
    expected = dict.fromkeys((0.5, 1.0, 2.5, 5.0), (1, pytest.approx(away), pytest.approx(away)))
    assert figures(plan(2.0, 5.0, beside_m)) == expected


@pytest.mark.parametrize("faster", [1.0, -3.0])
def test_a_faster_plan_runs_away(faster: float) -> None:
    # After k tenths it is k/10 times the difference ahead: the mean of 1..n is (n + 1) / 2.
    for horizon, (count, ade, fde) in figures(plan(1.0, 5.0, speed=SPEED + faster)).items():
        steps = round(horizon * 10)
        assert count == 1
        assert ade == pytest.approx(abs(faster) / 10 * (steps + 1) / 2)
        assert fde == pytest.approx(abs(faster) * horizon)


def test_a_horizon_counts_plans_that_reach_it_within_the_drive() -> None:
    # The drive lasts 10 s: of a plan from 8 s on at most 2 s were driven; another ends after 1 s.
    found = figures(plan(0.0, 5.0, 1.0), plan(8.0, 5.0, 2.0), plan(3.0, 1.0, 4.0))
    assert found[0.5] == (3, pytest.approx(7 / 3), pytest.approx(7 / 3))
    assert found[1.0] == (3, pytest.approx(7 / 3), pytest.approx(7 / 3))
    assert found[2.5] == (1, pytest.approx(1.0), pytest.approx(1.0))
    assert found[5.0] == (1, pytest.approx(1.0), pytest.approx(1.0))


def test_places_between_the_ticks_are_between_them() -> None:
    shifted = plan(0.0, 5.0)
    for each in shifted.poses:
        each.header.stamp = stamp(
            each.header.stamp.sec * NS_PER_S + each.header.stamp.nanosec + STEP_NS // 2
        )
    # Half a tick later the ego is half a metre further: 10 m/s for 0.05 s.
    assert figures(shifted)[1.0][1] == pytest.approx(0.5)


def test_plans_that_cannot_be_read_are_counted() -> None:
    made = Plans()
    backwards = plan(0.0, 1.0)
    backwards.poses.reverse()
    broken = plan(0.0, 1.0)
    broken.poses[3].pose.position.y = float("nan")
    for each in (backwards, broken, plan(0.0, 1.0, frame="base_link"), plan(0.0, 0.0)):
        made.add(each)
    found = made.figures(STAMPS, DRIVEN)
    assert found is not None
    assert (found.plans, found.unread) == (4, 4)
    assert all(x.plans == 0 and x.ade_m is None for x in found.horizons)
    assert Plans().figures(STAMPS, DRIVEN) is None
