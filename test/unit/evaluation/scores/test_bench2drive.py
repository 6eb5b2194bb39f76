"""Bench2Drive's score of a route, its efficiency and its smoothness by their own arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scored_drives import (
    OUTER_Y,
    Other,
    drive,
    light,
    score,
    steady,
    still,
)

from carla_nurec_bridge.evaluation.scores.bench2drive import smoothness
from carla_nurec_bridge.world.object_classes import ObjectClass

CAR, WALKER, PROP = ObjectClass.CAR, ObjectClass.PEDESTRIAN, ObjectClass.PROP


def test_trap_bench2drive_counts_no_slowness() -> None:
    others = {1: (CAR, steady(60.0, 16.0, OUTER_Y))}
    states = drive(steady(10.0, 8.0), 13.0, hertz=4, others=others)
    result = score("bench2drive", states, length_m=100.0)
    assert (result.value, result.status) == (100.0, "success")
    assert result.component("efficiency_percent") == pytest.approx(50.0)
    assert score("leaderboard_2_0", states, length_m=100.0).value == pytest.approx(100 * 0.85**4)


def test_trap_bench2drive_drops_efficiencies_beyond_1000_percent() -> None:
    others = {1: (CAR, steady(60.0, 0.5, OUTER_Y))}
    result = score(
        "bench2drive", drive(steady(10.0, 8.0), 13.0, hertz=4, others=others), length_m=100.0
    )
    assert result.component("efficiency_percent") is None


def test_bench2drive_has_no_success_with_an_infraction() -> None:
    others = {1: (CAR, still(50.0))}
    result = score(
        "bench2drive", drive(steady(10.0, 8.0), 13.0, hertz=4, others=others), length_m=100.0
    )
    assert result.component("success") == 0.0
    assert result.value == pytest.approx(60.0)


@pytest.mark.parametrize(
    ("pieces", "share"),
    [
        ([1.0], 1.0),
        ([3.0], 0.0),
        ([1.0, 3.0], 0.5),
        ([1.0, 1.0, 3.0, -5.0], 0.5),
        ([0, 0, 0, 5], 0.75),
    ],
)
def test_smoothness_is_the_share_of_calm_pieces(pieces: list[float], share: float) -> None:
    # Each piece of 20 samples has one steady acceleration; limits are 2.4 and -4.05 m/s2.
    rows = np.zeros((20 * len(pieces), 3))
    rows[:, 0] = np.repeat(pieces, 20)
    assert smoothness(rows) == share
    assert smoothness(np.concatenate([rows, np.full((19, 3), 9.0)])) == (
        share if len(rows) >= 20 else 0.0
    )


@pytest.mark.parametrize(("column", "value"), [(1, 4.9), (2, 0.96), (2, -0.96), (0, -4.06)])
def test_each_limit_alone_is_not_smooth(column: int, value: float) -> None:
    rows = np.zeros((10, 3))
    rows[:, column] = value
    assert smoothness(rows) == 0.0
    rows[:, column] = value * 0.95
    assert smoothness(rows) == 1.0


STEADY = {
    # Of each figure its limit, and samples just within and just beyond it.
    "braking": (0, -4.05),
    "speeding up": (0, 2.40),
    "to the left": (1, 4.89),
    "to the right": (1, -4.89),
    "turning left": (2, 0.95),
    "turning right": (2, -0.95),
}


@pytest.mark.parametrize("count", [4, 7, 20])
@pytest.mark.parametrize("figure", STEADY)
def test_smoothness_has_nuplans_limits(figure: str, count: int) -> None:
    # What is steady stays so through a Savitzky-Golay filter, and has no jerk.
    column, limit = STEADY[figure]
    rows = np.zeros((count, 3))
    rows[:, column] = 0.999 * limit
    assert smoothness(rows) == 1.0
    rows[:, column] = 1.001 * limit
    assert smoothness(rows) == 0.0


@pytest.mark.parametrize(
    ("jerk", "calm"), [(4.0, 1.0), (4.2, 0.0), (-4.0, 1.0), (-4.2, 0.0), (0.0, 1.0)]
)
def test_smoothness_of_a_steady_jerk(jerk: float, calm: float) -> None:
    # A straight line stays one through a filter of order 2: its slope is the jerk, 4.13 at most.
    # Six samples from -1 m/s2 on stay within the limits of acceleration: -1 + 4.2 * 0.5 = 1.1.
    rows = np.zeros((6, 3))
    rows[:, 0] = math.copysign(1.0, -jerk) + jerk * 0.1 * np.arange(6)
    assert smoothness(rows) == calm


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_too_few_samples_say_nothing_of_smoothness(count: int) -> None:
    assert smoothness(np.zeros((count, 3))) is None


HITS: dict[str, tuple[ObjectClass | None, int]] = {
    "nobody": (None, 100), "a walker": (WALKER, 50), "a car": (CAR, 60), "an object": (PROP, 65)
}  # fmt: skip


@pytest.mark.parametrize("driven_m", [25.5, 60.5])
@pytest.mark.parametrize("red", [False, True])
@pytest.mark.parametrize("whom", HITS)
def test_the_driving_score_is_completion_times_penalties(
    whom: str, red: bool, driven_m: float
) -> None:
    # Of 100 m as many per cent are behind as whole metres; a red light costs 30 %, the rest of the
    # table as in Leaderboard 2.0. The line is at 22 m, whoever is hit 12 m from the start.
    kind, percent = HITS[whom]
    others: dict[int, Other] = {} if kind is None else {3: (kind, still(22.0 + 4.0))}
    lights = light("red" if red else "green", 22.0)
    states = drive(steady(10.0, driven_m / 6.0), 6.0, others=others, lights=lambda _: [lights])
    result = score("bench2drive", states, length_m=100.0)
    expected = math.floor(driven_m) * percent / 100 * (0.7 if red else 1.0)
    assert result.value == pytest.approx(expected)
    assert result.component("success") == 0.0


@pytest.mark.parametrize(
    ("traffic_mps", "percent"),
    # Four checkpoints on 100 m, each the ego's 8 m/s by the traffic's; over 1000 % drops out.
    [(2.0, 400.0), (4.0, 200.0), (8.0, 100.0), (10.0, 80.0), (16.0, 50.0), (0.79, None)],
)
def test_efficiency_is_the_mean_of_the_checkpoints(
    traffic_mps: float, percent: float | None
) -> None:
    others: dict[int, Other] = {1: (CAR, steady(60.0, traffic_mps, OUTER_Y))}
    states = drive(steady(10.0, 8.0), 13.0, hertz=4, others=others)
    result = score("bench2drive", states, length_m=100.0)
    found = result.component("efficiency_percent")
    assert found == (None if percent is None else pytest.approx(percent))
    # Slowness is no infraction: who arrives has succeeded.
    assert (result.value, result.component("success")) == (100.0, 1.0)
