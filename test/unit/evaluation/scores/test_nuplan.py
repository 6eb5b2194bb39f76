"""nuPlan's closed-loop score: every part on drives whose figures follow from arithmetic alone."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scored_drives import (
    LEFT_Y,
    OUTER_Y,
    RIGHT_Y,
    Drive,
    Other,
    scored_states,
    steady,
    still,
    straight_context,
)

from carla_nurec_bridge.evaluation.scores.comfort import ComfortLimits, smoothed_motion, within
from carla_nurec_bridge.evaluation.scores.context import ExpertDrive, ScoreContext
from carla_nurec_bridge.evaluation.scores.records import ScoreResult
from carla_nurec_bridge.evaluation.scores.scorer import score_drive
from carla_nurec_bridge.world.object_classes import ObjectClass
from carla_nurec_bridge.world.states import WorldState

CAR, WALKER, BICYCLE, PROP = (
    ObjectClass.CAR,
    ObjectClass.PEDESTRIAN,
    ObjectClass.BICYCLE,
    ObjectClass.PROP,
)


def nuplan(states: list[WorldState], context: ScoreContext | None = None) -> ScoreResult:
    return score_drive(states, context or straight_context(), ["nuplan"]).score("nuplan")


def kinds(score: ScoreResult) -> list[str]:
    return [each.kind for each in score.infractions]


def faults(score: ScoreResult) -> list[str]:
    return [kind for kind in kinds(score) if kind.startswith("at_fault")]


def expert(length_m: float, seconds: float = 10.0) -> ExpertDrive:
    stamps = np.arange(0, round(seconds * 10) + 1, dtype=np.int64) * 100_000_000
    x = 10.0 + np.linspace(0.0, length_m, len(stamps))
    return ExpertDrive(stamps, np.stack([x, np.full(len(x), RIGHT_Y)], axis=1))


def test_a_clean_drive_scores_by_its_weights() -> None:
    # Half of the expert's way, all else right: (5 * 0.5 + 5 + 4 + 2) / 16.
    score = nuplan(
        scored_states(steady(10, 5), 10, hertz=10), straight_context(expert=expert(100.0))
    )
    assert score.value == pytest.approx((2.5 + 5 + 4 + 2) / 16)
    assert score.infractions == ()


@pytest.mark.parametrize(
    ("ego_m", "expert_m", "ratio"),
    [
        (50.0, 100.0, 0.5),
        (100.0, 100.0, 1.0),
        (120.0, 100.0, 1.0),
        (25.0, 100.0, 0.25),
        (0.0, 0.0, 1.0),
        (0.05, 100.0, 0.001),
        # The expert stands: whatever is driven is enough.
        (30.0, 0.05, 1.0),
        (-0.05, 100.0, 0.001),
        (-0.2, 100.0, 0.0),
        (-5.0, 100.0, 0.0),
    ],
)
def test_progress_is_a_share_of_the_experts(ego_m: float, expert_m: float, ratio: float) -> None:
    states = scored_states(steady(20.0, ego_m / 10.0), 10.0, hertz=4)
    score = nuplan(states, straight_context(expert=expert(expert_m)))
    assert score.component("ego_progress_along_expert_route") == pytest.approx(ratio, abs=1e-9)
    assert score.component("ego_is_making_progress") == float(ratio >= 0.2)


@pytest.mark.parametrize(("ego_m", "makes"), [(19.9, 0.0), (20.1, 1.0)])
def test_a_fifth_of_the_way_is_making_progress(ego_m: float, makes: float) -> None:
    states = scored_states(steady(20.0, ego_m / 10.0), 10.0, hertz=4)
    score = nuplan(states, straight_context(expert=expert(100.0)))
    assert score.component("ego_is_making_progress") == makes
    assert (score.value == 0.0) is (makes == 0.0)


HEAD_ON = steady(90, -8, heading=math.pi)
HITS: list[tuple[str, Drive, ObjectClass, Drive, float, list[str]]] = [
    ("a standing car", steady(20, 8), CAR, still(60), 0.0, ["at_fault_collision_stopped_track"]),
    ("a walker", steady(20, 8), WALKER, still(60), 0.0, ["at_fault_collision_stopped_track"]),
    ("one object", steady(20, 8), PROP, still(60), 0.5, ["at_fault_collision_stopped_track"]),
    ("a slower car", steady(20, 12), CAR, steady(40, 2), 0.0, ["at_fault_collision_active_front"]),
    ("head on", steady(20, 8), CAR, HEAD_ON, 0.0, ["at_fault_collision_active_front"]),
    ("from behind", steady(60, 4), CAR, steady(20, 14), 1.0, []),
    ("while standing", still(60), CAR, steady(20, 14), 1.0, []),
    ("head on, standing", still(60), CAR, steady(120, -14, heading=math.pi), 1.0, []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("ego", "kind", "other", "value", "told"), [x[1:] for x in HITS], ids=[x[0] for x in HITS]
)
def test_whose_fault_a_collision_is(
    ego: Drive, kind: ObjectClass, other: Drive, value: float, told: list[str]
) -> None:
    score = nuplan(scored_states(ego, 6.0, {7: (kind, other)}, velocities=True, hertz=10))
    assert score.component("no_ego_at_fault_collisions") == value
    assert faults(score) == told


@pytest.mark.parametrize(
    ("ego_y", "fault"),
    # Within lane -1 (y -3.5 to 0) a car that pushes in from the side is at fault; on the line
    # between two lanes, or half beside the road, it is the ego.
    [(RIGHT_Y, False), (-3.5, True), (-7.1, True)],
)
def test_trap_who_is_between_lanes_answers_for_its_sides(ego_y: float, fault: bool) -> None:
    # Beside the ego, half a metre behind its middle, the other comes nearer by 1 m/s.
    def pushes_in(t: float) -> tuple[float, float, float]:
        return 19.5 + 8.0 * t, ego_y + 3.5 - 1.0 * t, 0.0

    states = scored_states(steady(20, 8, ego_y), 3.0, {7: (CAR, pushes_in)}, velocities=True)
    score = nuplan(states)
    assert faults(score) == (["at_fault_collision_active_lateral"] if fault else [])


@pytest.mark.parametrize(("objects", "value"), [(0, 1.0), (1, 0.5), (2, 0.0), (3, 0.0)])
def test_one_object_is_allowed(objects: int, value: float) -> None:
    others: dict[int, Other] = {k: (PROP, still(40.0 + 15.0 * k)) for k in range(objects)}
    score = nuplan(scored_states(steady(20, 10), 8.0, others, hertz=10))
    assert score.component("no_ego_at_fault_collisions") == pytest.approx(value)


def test_trap_a_track_counts_once() -> None:
    def to_and_fro(t: float) -> tuple[float, float, float]:
        return 20.0 + 8.0 * abs((t % 6.0) - 3.0), RIGHT_Y, 0.0

    score = nuplan(scored_states(to_and_fro, 12.0, {7: (PROP, still(32.0))}, hertz=10))
    assert score.component("no_ego_at_fault_collisions") == 0.5
    assert score.component("at_fault_collisions_object") == 1.0


@pytest.mark.parametrize(
    ("y", "complies"),
    # The road ends at y = -7; the ego's right corners are 1 m right of its middle.
    [(OUTER_Y, 1.0), (-6.0, 1.0), (-6.29, 1.0), (-6.31, 0.0), (-9.0, 0.0)],
)
def test_corners_may_be_30_cm_off_the_road(y: float, complies: float) -> None:
    score = nuplan(scored_states(steady(20, 8, y), 0.5))
    assert score.component("drivable_area_compliance") == complies
    assert score.component("outside_road_m") == pytest.approx(max(0.0, -y - 6.0), abs=1e-6)


@pytest.mark.parametrize(
    ("metres_in_a_second", "value"),
    [(1.0, 1.0), (1.8, 1.0), (2.2, 0.5), (5.4, 0.5), (6.2, 0.0), (12.0, 0.0)],
)
def test_metres_against_the_traffic_within_a_second(
    metres_in_a_second: float, value: float
) -> None:
    # At 20 Hz a second holds 21 steps; lane 1 goes against the ego's way.
    speed = metres_in_a_second / 1.05
    score = nuplan(scored_states(steady(20, speed, LEFT_Y), 2.0))
    assert score.component("driving_direction_compliance") == value
    assert score.component("against_traffic_m") == pytest.approx(metres_in_a_second, abs=1e-6)


def test_reversing_in_ones_own_lane_is_against_the_traffic() -> None:
    score = nuplan(scored_states(steady(60, -4.0), 4.0))
    assert score.component("driving_direction_compliance") == 0.5


@pytest.mark.parametrize(
    ("gap_m", "closing", "ttc"),
    # Boxes 4 m long: they touch after (gap - 4) / closing, seen at the next tenth of a second.
    [
        (12.0, 10.0, 0.8),
        (14.0, 10.0, 1.0),
        (13.4, 10.0, 1.0),
        (24.0, 10.0, 2.0),
        (36.0, 10.0, None),
    ],
)
def test_time_to_collision_with_who_stands_ahead(
    gap_m: float, closing: float, ttc: float | None
) -> None:
    # Only the first tick counts: the drive lasts one.
    states = scored_states(steady(20, closing), 0.0, {7: (CAR, still(20 + gap_m))}, velocities=True)
    score = nuplan(states)
    found = score.component("min_time_to_collision_s")
    assert found == (None if ttc is None else pytest.approx(ttc))
    assert score.component("time_to_collision_within_bound") == float(ttc is None or ttc > 0.95)


@pytest.mark.parametrize(
    ("bearing_deg", "junction", "y", "counts"),
    # Who is ahead counts (30 degrees to either side), who is aside only between lanes and in
    # junctions, who is behind never.
    [
        (20.0, False, RIGHT_Y, True),
        (40.0, False, RIGHT_Y, False),
        (40.0, True, RIGHT_Y, True),
        (40.0, False, -3.5, True),
        (140.0, True, RIGHT_Y, True),
        (160.0, True, RIGHT_Y, False),
    ],
)
def test_trap_who_is_aside_counts_between_lanes_and_in_junctions(
    bearing_deg: float, junction: bool, y: float, counts: bool
) -> None:
    # 8 m from the rear axle, and heading for the place where the ego is in half a second.
    angle = math.radians(bearing_deg)
    x0, axle = 40.0, 38.75
    at = np.array([axle + 8.0 * math.cos(angle), y + 8.0 * math.sin(angle)])
    meets = np.array([x0 + 0.5 * 4.0, y])
    way = (meets - at) / 0.5
    heading = math.atan2(way[1], way[0])

    def other(t: float) -> tuple[float, float, float]:
        return float(at[0] + way[0] * t), float(at[1] + way[1] * t), heading

    states = scored_states(steady(x0, 4.0, y), 0.0, {7: (CAR, other)}, velocities=True)
    score = nuplan(states, straight_context(junction=junction))
    assert (score.component("min_time_to_collision_s") is not None) is counts


def test_trap_a_bag_tells_no_speed_at_the_first_tick() -> None:
    # 6 m behind a car as fast as the ego there is nothing to fear; taken to stand it would be hit
    # within 0.2 s.
    score = nuplan(scored_states(steady(20, 10), 3.0, {7: (CAR, steady(26.5, 10.0))}))
    assert score.component("min_time_to_collision_s") is None
    assert score.component("time_to_collision_within_bound") == 1.0


def test_trap_who_stands_has_no_time_to_collision() -> None:
    others: dict[int, Other] = {7: (CAR, steady(60, -10, heading=math.pi))}
    score = nuplan(scored_states(still(20), 3.5, others, velocities=True))
    assert score.component("min_time_to_collision_s") is None


@pytest.mark.parametrize("over", [0.0, 0.5, 1.115, 2.0, 2.23, 5.0])
def test_speeding_costs_its_mean_by_2_23(over: float) -> None:
    # 15 m/s are allowed. Of N + 1 ticks over N steps each speeds: over * (N + 1) / N on the mean.
    ticks = 41
    score = nuplan(scored_states(steady(20, 15.0 + over), 4.0, hertz=10))
    expected = max(0.0, 1.0 - over * ticks / (ticks - 1) / 2.23)
    assert score.component("speed_limit_compliance") == pytest.approx(expected, abs=1e-6)


def accelerating(rate: float) -> Drive:
    return lambda t: (10.0 + 5.0 * t + 0.5 * rate * t * t, RIGHT_Y, 0.0)


@pytest.mark.parametrize(
    ("rate", "calm"), [(2.3, 1.0), (2.5, 0.0), (-3.9, 1.0), (-4.2, 0.0), (0.0, 1.0)]
)
def test_steady_acceleration_within_its_limits(rate: float, calm: float) -> None:
    # A steady acceleration has no jerk; 1.2 s keep the speed positive and below the limit.
    score = nuplan(scored_states(accelerating(rate), 1.2))
    assert score.component("ego_is_comfortable") == calm
    assert score.component("ego_lon_acceleration_within_bounds") == calm
    assert score.component("ego_lon_jerk_within_bounds") == 1.0


@pytest.mark.parametrize(("jerk", "calm"), [(4.0, 1.0), (4.3, 0.0)])
def test_steady_jerk_within_its_limits(jerk: float, calm: float) -> None:
    # From -1 to below 2.4 m/s2 within 0.8 s; quadratic filters keep a straight line.
    def drive(t: float) -> tuple[float, float, float]:
        return 10.0 + 5.0 * t - 0.5 * t * t + jerk * t**3 / 6.0, RIGHT_Y, 0.0

    table = np.array([(k / 10, -1.0 + jerk * k / 10, 0.0, 0.0) for k in range(8)])
    figures = smoothed_motion(table)
    assert figures is not None
    assert figures["ego_lon_jerk"] == pytest.approx(np.full(8, jerk))
    assert within(figures, ComfortLimits())["ego_lon_jerk"] is bool(calm)
    score = nuplan(scored_states(drive, 0.8, hertz=10))
    assert score.component("ego_lon_acceleration_within_bounds") == 1.0


@pytest.mark.parametrize(
    ("yaw_rate", "calm"), [(0.9, True), (1.0, False), (-0.9, True), (-1.0, False)]
)
def test_yaw_rate_within_its_limits_across_half_a_turn(yaw_rate: float, calm: bool) -> None:
    # The heading wraps from pi to -pi on its way, which is no turn at all.
    times = np.arange(30) / 10
    heading = (3.0 + yaw_rate * times + math.pi) % (2.0 * math.pi) - math.pi
    table = np.stack([times, np.zeros(30), np.zeros(30), heading], axis=1)
    figures = smoothed_motion(table)
    assert figures is not None
    assert figures["ego_yaw_rate"] == pytest.approx(np.full(30, yaw_rate))
    assert within(figures, ComfortLimits())["ego_yaw_rate"] is calm


@pytest.mark.parametrize(
    ("figure", "motion"),
    [
        ("ego_lat_acceleration", lambda t: (0.0 * t, 5.0 + 0.0 * t, 0.0 * t)),
        ("ego_yaw_acceleration", lambda t: (0.0 * t, 0.0 * t, t * t - 0.5 * t)),
        ("ego_jerk", lambda t: (0.0 * t, 9.0 * (t - 0.2), 0.0 * t)),
    ],
)
def test_each_limit_alone_is_uncomfortable(figure: str, motion: Callable[..., object]) -> None:
    times = np.arange(7) / 10
    table = np.stack([times, *motion(times)], axis=1)  # type: ignore[misc]
    figures = smoothed_motion(table)
    assert figures is not None
    assert within(figures, ComfortLimits())[figure] is False


def test_without_a_map_or_a_route_the_score_is_unknown_and_says_why() -> None:
    score = nuplan(scored_states(steady(20, 8), 2.0), ScoreContext())
    assert score.value is None
    assert "drivable_area_compliance" in score.status
    assert "ego_progress_along_expert_route" in score.status
    assert score.component("time_to_collision_within_bound") == 1.0
