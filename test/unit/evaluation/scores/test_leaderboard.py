"""CARLA's Leaderboard: penalties by their own arithmetic, and each criterion on drawn drives."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scored_drives import (
    LEFT_Y,
    RIGHT_Y,
    Drive,
    Other,
    light,
    scored_states,
    steady,
    still,
    straight_context,
)

from carla_nurec_bridge.evaluation.scores.leaderboard.penalty import penalty
from carla_nurec_bridge.evaluation.scores.records import ScoreReport
from carla_nurec_bridge.evaluation.scores.scorer import score_drive
from carla_nurec_bridge.world.object_classes import ObjectClass
from carla_nurec_bridge.world.states import WorldState

CAR, WALKER, PROP = ObjectClass.CAR, ObjectClass.PEDESTRIAN, ObjectClass.PROP
BOTH = ("leaderboard_2_0", "leaderboard_2_1")
KINDS = (
    "collisions_pedestrian",
    "collisions_vehicle",
    "collisions_layout",
    "red_light",
    "stop_infraction",
)
# The table of the Leaderboard's pages: what one infraction of each kind multiplies by in 2.0,
# and in hundredths what it adds to the divisor in 2.1.
OLD = dict(zip(KINDS, (50, 60, 65, 70, 80), strict=True))
NEW = dict(zip(KINDS, (100, 70, 60, 40, 25), strict=True))


def scores(states: list[WorldState], **told: object) -> ScoreReport:
    return score_drive(states, straight_context(**told), BOTH)  # type: ignore[arg-type]


def kinds(report: ScoreReport) -> list[str]:
    return [each.kind for each in report.score("leaderboard_2_1").infractions]


PAIRS = [
    {a: m, b: n}
    for (a, b), (m, n) in itertools.product(
        itertools.combinations(KINDS, 2), [(1, 0), (1, 1), (2, 1), (0, 3), (4, 4)]
    )
]


@pytest.mark.parametrize("counts", PAIRS, ids=str)
def test_version_2_0_multiplies(counts: dict[str, int]) -> None:
    hundredths = math.prod(OLD[kind] ** n for kind, n in counts.items())
    expected = hundredths / 100 ** sum(counts.values())
    assert penalty("2.0", counts) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("counts", PAIRS, ids=str)
def test_version_2_1_divides_by_a_sum(counts: dict[str, int]) -> None:
    expected = 100 / (100 + sum(NEW[kind] * n for kind, n in counts.items()))
    assert penalty("2.1", counts) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("outside", [0.0, 12.5, 50.0, 100.0])
@pytest.mark.parametrize("slow", [(), (40.0,), (0.0, 99.0), (10.0, 20.0, 30.0, 40.0)])
def test_slowness_and_driving_off_the_lanes(outside: float, slow: tuple[float, ...]) -> None:
    old = (100 - outside) / 100
    for percent in slow:
        old *= 1 - 0.3 * (1 - percent / 100)
    assert penalty("2.0", {}, slow, outside) == pytest.approx(old, abs=1e-12)
    cost = 0.4 * len(slow) - 0.004 * sum(slow)
    new = (100 - outside) / 100 / (1 + cost)
    assert penalty("2.1", {}, slow, outside) == pytest.approx(new, abs=1e-12)


def test_trap_the_two_versions_differ_for_the_same_drive() -> None:
    # One pedestrian and two vehicles: 0.5 * 0.6 * 0.6, and 1 / (1 + 1 + 0.7 + 0.7).
    counts = {"collisions_pedestrian": 1, "collisions_vehicle": 2}
    assert penalty("2.0", counts) == pytest.approx(0.18)
    assert penalty("2.1", counts) == pytest.approx(1 / 3.4)


@pytest.mark.parametrize(
    ("driven_m", "percent"),
    # A point counts once it is behind: of 100 points a metre apart those with x < 10 + driven.
    [(0.5, 0.0), (1.5, 1.0), (25.5, 25.0), (60.5, 60.0), (89.5, 89.0)],
)
def test_completion_counts_the_metres_that_are_behind(driven_m: float, percent: float) -> None:
    seconds = 4.0
    report = scores(scored_states(steady(10.0, driven_m / seconds), seconds), length_m=100.0)
    for name in BOTH:
        score = report.score(name)
        assert score.component("score_route") == percent
        assert score.status == "Failed"
        assert score.value == pytest.approx(percent)


def test_a_drive_to_the_goal_is_perfect_and_nothing_counts_after_it() -> None:
    # The goal is at 60 m: 99 % of 50 m are passed at 59.6 m; the wall behind it is hit later.
    others: dict[int, Other] = {1: (CAR, still(75.0))}
    report = scores(scored_states(steady(10.0, 10.0), 8.0, others), length_m=50.0)
    assert kinds(report) == []
    assert {report.score(name).status for name in BOTH} == {"Perfect"}
    assert {report.score(name).value for name in BOTH} == {100.0}


@pytest.mark.parametrize(
    ("kind", "name", "length"),
    [(CAR, KINDS[1], 4.0), (WALKER, KINDS[0], 0.5), (PROP, KINDS[2], 0.5)],
)
def test_a_collision_counts_when_and_where_the_boxes_touch(
    kind: ObjectClass, name: str, length: float
) -> None:
    # The ego's middle is at 10 + 8 t, its front 2 m before it; the other's rear at 50 - length / 2.
    report = scores(scored_states(steady(10.0, 8.0), 6.0, {4: (kind, still(50.0))}))
    infraction = report.score("leaderboard_2_1").infractions[0]
    assert infraction.kind == name
    first = math.ceil((50.0 - length / 2 - 2.0 - 10.0) / 8.0 * 20) / 20
    assert infraction.time_s == pytest.approx(first)
    assert infraction.place_m[:2] == pytest.approx((10.0 + 8.0 * first, RIGHT_Y))
    assert infraction.actors == (4,)
    assert infraction.figures == pytest.approx({"ego_speed_mps": 8.0, "other_speed_mps": 0.0})
    assert report.score("leaderboard_2_0").component("score_penalty") == OLD[name] / 100
    expected = 1 / (1 + NEW[name] / 100)
    assert report.score("leaderboard_2_1").component("score_penalty") == pytest.approx(expected)


def test_trap_contacts_with_one_object_within_5_s_count_once() -> None:
    # Drives through a standing car again and again: forward 20 m and back in every 4 s.
    def to_and_fro(t: float) -> tuple[float, float, float]:
        return 20.0 + abs((t % 4.0) - 2.0) * 10.0, RIGHT_Y, 0.0

    report = scores(scored_states(to_and_fro, 4.5, {1: (CAR, still(28.0))}))
    assert kinds(report).count(KINDS[1]) == 1


def test_trap_a_contact_that_comes_again_after_5_s_and_5_m_counts_again() -> None:
    def comes_back(t: float) -> tuple[float, float, float]:
        return (20.0 + 5.0 * t if t < 4.0 else 40.0 - 5.0 * (t - 4.0)), RIGHT_Y, 0.0

    # Touches the car at 26 m from x 22 to 30: on the way out from 0.4 s, back from 6 s on.
    report = scores(scored_states(comes_back, 7.0, {1: (CAR, still(26.0))}))
    assert kinds(report).count(KINDS[1]) == 2


def test_trap_two_objects_within_5_m_count_once() -> None:
    others: dict[int, Other] = {1: (PROP, still(50.0)), 2: (PROP, still(50.0, RIGHT_Y + 0.6))}
    report = scores(scored_states(steady(20.0, 8.0), 5.0, others))
    assert kinds(report).count(KINDS[2]) == 1


def test_trap_who_stands_is_not_at_fault() -> None:
    others: dict[int, Other] = {1: (CAR, steady(60.0, -8.0, heading=math.pi))}
    report = scores(scored_states(still(20.0), 6.0, others))
    assert KINDS[1] not in kinds(report)


@pytest.mark.parametrize(("above_m", "hits"), [(0.0, 1), (1.4, 1), (1.6, 0), (5.0, 0)])
def test_trap_who_is_on_a_bridge_above_is_not_hit(above_m: float, hits: int) -> None:
    states = scored_states(steady(20.0, 8.0), 5.0, {1: (CAR, still(50.0))}, height_m={1: above_m})
    assert kinds(scores(states)).count(KINDS[1]) == hits


def offset_between(first_x: float, last_x: float, y: float, speed: float = 10.0) -> Drive:
    def drive(t: float) -> tuple[float, float, float]:
        x = 10.0 + speed * t
        return x, y if first_x < x < last_x else RIGHT_Y, 0.0

    return drive


@pytest.mark.parametrize(
    ("y", "outside"),
    # The outer lane ends at y = -7: half a metre beyond it is allowed.
    [(-5.25, 0), (-7.4, 0), (-7.6, 20), (-20.0, 20)],
)
def test_metres_outside_of_lanes_are_a_share_of_those_driven(y: float, outside: int) -> None:
    # 100 m are driven; 20 of the points a metre apart are passed while the ego is off the lanes.
    states = scored_states(offset_between(40.0, 60.0, y), 10.0, hertz=10)
    for name in BOTH:
        score = scores(states).score(name)
        assert score.component("outside_route_lanes_percent") == pytest.approx(
            100 * outside / 99, abs=1.1
        )
        if not outside:
            assert score.component("score_penalty") == 1.0


def test_trap_the_lane_of_the_other_direction_is_outside_the_route() -> None:
    states = scored_states(offset_between(40.0, 60.0, LEFT_Y), 10.0, hertz=10)
    percent = scores(states).score(BOTH[0]).component("outside_route_lanes_percent")
    assert percent == pytest.approx(20.0, abs=1.1)


def test_trap_lanes_of_a_junction_have_no_direction() -> None:
    states = scored_states(offset_between(40.0, 60.0, LEFT_Y), 10.0, hertz=10)
    percent = scores(states, junction=True).score(BOTH[0]).component("outside_route_lanes_percent")
    assert percent == 0.0


@pytest.mark.parametrize(
    ("shows", "y", "runs"),
    [
        ("red", RIGHT_Y, 1),
        ("yellow", RIGHT_Y, 0),
        ("green", RIGHT_Y, 0),
        ("off", RIGHT_Y, 0),
        # The line reaches 0.6 of 3.5 m to either side.
        ("red", RIGHT_Y + 2.0, 1),
        ("red", RIGHT_Y + 2.2, 0),
    ],
)
def test_a_light_is_run_when_it_is_red(shows: str, y: float, runs: int) -> None:
    states = scored_states(steady(20.0, 8.0), 8.0, lights=lambda t: [light(shows, 50.0, y)])
    assert kinds(scores(states)).count("red_light") == runs


@pytest.mark.parametrize(
    ("red_from_s", "runs"),
    # The tail, from 1.6 to 3 m behind the middle, is over the line at 50 m for 4.3 m.. at 8 m/s:
    # from 31.6 / 8 = 3.95 s to 33 / 8 = 4.125 s. Red later than that is no matter any more.
    [(0.0, 1), (3.9, 1), (4.1, 1), (4.2, 0)],
)
def test_trap_a_light_counts_while_the_tail_is_over_the_line(red_from_s: float, runs: int) -> None:
    states = scored_states(
        steady(20.0, 8.0), 8.0, lights=lambda t: [light("red" if t >= red_from_s else "green")]
    )
    assert kinds(scores(states)).count("red_light") == runs


@pytest.mark.parametrize("hold_s", [0.0, 0.3, 2.0])
def test_a_stop_sign_wants_a_standing_vehicle(hold_s: float) -> None:
    # The line is at 60 m; the ego's middle stands at 57 m for a while, or never.
    def drive(t: float) -> tuple[float, float, float]:
        reach_s = 47.0 / 8.0
        driven = min(t, reach_s) * 8.0 + max(t - reach_s - hold_s, 0.0) * 8.0
        return 10.0 + driven, RIGHT_Y, 0.0

    report = scores(scored_states(drive, 12.0, hertz=10), stop_at_m=60.0)
    assert kinds(report).count("stop_infraction") == (0 if hold_s else 1)


@pytest.mark.parametrize("y", [LEFT_Y, -20.0])
def test_a_stop_sign_holds_on_its_lanes_only(y: float) -> None:
    report = scores(scored_states(steady(10.0, 8.0, y), 12.0, hertz=10), stop_at_m=60.0)
    assert "stop_infraction" not in kinds(report)


@pytest.mark.parametrize(
    ("traffic_mps", "percent"), [(10.0, 80.0), (16.0, 50.0), (8.0, 100.0), (4.0, 200.0)]
)
def test_the_least_speed_is_that_of_the_traffic(traffic_mps: float, percent: float) -> None:
    others: dict[int, Other] = {1: (CAR, steady(60.0, traffic_mps, -5.25))}
    # 100 m at 8 m/s, in four pieces of 25 m.
    states = scored_states(steady(10.0, 8.0), 13.0, others, hertz=5, velocities=True)
    report = scores(states, length_m=100.0)
    slow = [x.figures["percent"] for x in report.score(BOTH[0]).infractions]
    assert slow == ([pytest.approx(percent)] * 4 if percent < 100 else [])
    factor = (1 - 0.3 * (1 - percent / 100)) ** 4 if percent < 100 else 1.0
    assert report.score(BOTH[0]).component("score_penalty") == pytest.approx(factor)


@pytest.mark.parametrize(("seconds", "blocked"), [(179.0, False), (181.0, True)])
def test_who_stands_for_180_s_is_blocked(seconds: float, blocked: bool) -> None:
    report = scores(scored_states(still(20.0), seconds, hertz=1))
    assert (report.score(BOTH[0]).status == "Failed - Agent got blocked") is blocked


@pytest.mark.parametrize(("y", "fails"), [(RIGHT_Y + 29.0, False), (RIGHT_Y + 31.0, True)])
def test_the_drive_ends_30_m_beside_the_route(y: float, fails: bool) -> None:
    report = scores(scored_states(steady(12.0, 5.0, y), 2.0))
    assert (report.score(BOTH[0]).status == "Failed - Agent deviated from the route") is fails


@pytest.mark.parametrize(("limit_s", "timed_out"), [(3.0, True), (5.0, False)])
def test_the_drive_ends_at_its_time_limit(limit_s: float, timed_out: bool) -> None:
    report = scores(scored_states(steady(12.0, 5.0), 4.0), time_limit_s=limit_s)
    assert (report.score(BOTH[0]).status == "Failed - Agent timed out") is timed_out


def test_the_series_end_with_the_result() -> None:
    report = scores(scored_states(steady(10.0, 8.0), 6.0, {4: (CAR, still(50.0))}))
    for name in BOTH:
        assert report.series[f"{name}.score_composed"][-1] == report.score(name).value
    assert len(report.series[f"{BOTH[0]}.score_route"]) == report.ticks == 121
    assert np.all(np.diff(report.stamps_ns) == 50_000_000)
