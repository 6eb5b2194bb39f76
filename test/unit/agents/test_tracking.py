"""Plans tracked: circles, steps, stops, and what happens where there is nothing to follow."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from carla_nurec_bridge.agents.tracking import (
    MpcSettings,
    PlanLimits,
    PlanTracker,
    TrackerSettings,
    check_plan,
)
from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.world.timed_path import TimedPath

from .conftest import DT_S, Car

Motion = Callable[[float], tuple[float, float, float]]
_KMH = 1.0 / 3.6


def plan(motion: Motion, start_ns: int, seconds: float = 20.0, step_s: float = 0.1) -> TimedPath:
    """Return a plan of (x, y, yaw) by time in s."""
    times = np.arange(0.0, seconds + 1e-9, step_s)
    poses = [matrix_from_xyz_rpy((x, y, 0), (0, 0, yaw)) for x, y, yaw in map(motion, times)]
    return TimedPath(start_ns + np.round(times * 1e9).astype(np.int64), np.array(poses))


def straight_at(speed_mps: float) -> Motion:
    return lambda t: (speed_mps * t, 0.0, 0.0)


def circle(radius_m: float, speed_mps: float) -> Motion:
    def motion(t: float) -> tuple[float, float, float]:
        angle = speed_mps * t / radius_m
        return radius_m * math.sin(angle), radius_m * (1 - math.cos(angle)), angle

    return motion


def follow(car: Car, tracker: PlanTracker, frames: int) -> np.ndarray:
    """Return (x, y, speed) of each frame."""
    rows = []
    for _ in range(frames):
        tracked = tracker.step(car.stamp_ns, car.map_from_base, car.speed_mps)
        car.move(tracked.target)
        rows.append((car.x, car.y, car.speed_mps))
    return np.array(rows)


@pytest.fixture
def lagging(car: Car) -> Car:
    car.lag_s = 0.3
    return car


@pytest.mark.parametrize("kmh", [10, 30, 50])
@pytest.mark.parametrize("radius_m", [30.0, -30.0])
def test_on_a_curve_of_30_m_it_stays_within_20_cm(lagging: Car, radius_m: float, kmh: int) -> None:
    lagging.speed_mps = kmh * _KMH
    tracker = PlanTracker(lagging.info, DT_S)
    tracker.take(plan(circle(radius_m, lagging.speed_mps), lagging.stamp_ns))
    way = follow(lagging, tracker, 200)
    off_m = np.hypot(way[:, 0], way[:, 1] - radius_m) - abs(radius_m)
    assert np.abs(off_m).max() < 0.2
    assert tracker.counts["solved"] == 200


def test_two_runs_are_equal_to_the_last_bit(lagging: Car) -> None:
    ways = []
    for _ in range(2):
        car = Car(lagging.info, y=0.5, speed_mps=8.0, lag_s=0.3)
        tracker = PlanTracker(car.info, DT_S)
        tracker.take(plan(circle(30.0, 8.0), car.stamp_ns))
        ways.append(follow(car, tracker, 60))
    np.testing.assert_array_equal(*ways)


@pytest.mark.parametrize("kmh", [10, 30, 50])
def test_a_step_to_the_side_is_taken_without_overshoot_beyond_a_tenth(
    lagging: Car, kmh: int
) -> None:
    lagging.speed_mps, lagging.y = kmh * _KMH, 1.0
    tracker = PlanTracker(lagging.info, DT_S)
    tracker.take(plan(straight_at(lagging.speed_mps), lagging.stamp_ns))
    way = follow(lagging, tracker, 200)
    assert way[:, 1].min() > -0.1
    assert abs(way[-1, 1]) < 0.01


def test_a_step_from_10_to_50_kmh_overshoots_by_less_than_a_tenth(lagging: Car) -> None:
    lagging.speed_mps = 10 * _KMH
    tracker = PlanTracker(lagging.info, DT_S)
    tracker.take(plan(straight_at(50 * _KMH), lagging.stamp_ns))
    way = follow(lagging, tracker, 240)
    assert 50 * _KMH < way[:, 2].max() < 1.1 * 50 * _KMH


def test_a_plan_that_stops_is_stopped_with_and_never_left_backwards(lagging: Car) -> None:
    lagging.speed_mps = 8.0
    tracker = PlanTracker(lagging.info, DT_S)
    stop = plan(lambda t: (8 * t - t * t if t < 4 else 16.0, 0.0, 0.0), lagging.stamp_ns)
    tracker.take(stop)
    way = follow(lagging, tracker, 160)
    assert way[-1, 2] == pytest.approx(0.0, abs=0.05)
    assert way[-1, 0] == pytest.approx(16.0, abs=0.5)
    assert way[:, 2].min() > -0.01


def test_backwards_is_a_way_to_go_too(lagging: Car) -> None:
    tracker = PlanTracker(lagging.info, DT_S)
    tracker.take(plan(straight_at(-2.0), lagging.stamp_ns))
    assert follow(lagging, tracker, 100)[-1, 0] == pytest.approx(-10.0, abs=0.3)


def test_short_plans_with_few_poses_are_followed_from_one_to_the_next(lagging: Car) -> None:
    lagging.speed_mps = 8.0
    tracker, motion, worst_m = PlanTracker(lagging.info, DT_S), circle(30.0, 8.0), 0.0
    for frame in range(200):
        if frame % 10 == 0:
            since_s = frame * DT_S
            tracker.take(plan(lambda t, s=since_s: motion(t + s), lagging.stamp_ns, 2.0, 0.5))
        follow(lagging, tracker, 1)
        worst_m = max(worst_m, abs(math.hypot(lagging.x, lagging.y - 30.0) - 30.0))
    assert worst_m < 0.2


def test_the_wheels_turn_no_further_than_they_can(lagging: Car) -> None:
    lagging.speed_mps, lagging.y = 4.0, 8.0
    tracker = PlanTracker(lagging.info, DT_S, TrackerSettings())
    tracker.take(plan(circle(3.5, 4.0), lagging.stamp_ns))
    limit_rad = lagging.info.steer_limit_rad(4.0)
    for _ in range(60):
        tracked = tracker.step(lagging.stamp_ns, lagging.map_from_base, lagging.speed_mps)
        assert abs(tracked.target.steer_rad) <= limit_rad + 1e-3
        lagging.move(tracked.target)


def test_plans_that_begin_anew_with_the_ego_are_sped_up_and_steered_by(lagging: Car) -> None:
    """Each frame the plan's first pose is the ego's own; the way lies 1 m to its left."""
    tracker, lagging.y = PlanTracker(lagging.info, DT_S), -1.0
    for _ in range(120):
        speed_mps, x, poses = lagging.speed_mps, lagging.x, [lagging.map_from_base]
        for _ in range(30):
            speed_mps = min(8.0, speed_mps + 0.2)
            x += 0.1 * speed_mps
            poses.append(matrix_from_xyz_rpy((x, 0, 0), (0, 0, 0)))
        stamps_ns = lagging.stamp_ns + 100_000_000 * np.arange(31, dtype=np.int64)
        tracker.take(TimedPath(stamps_ns, np.array(poses)))
        follow(lagging, tracker, 1)
    assert lagging.speed_mps > 7.5
    assert abs(lagging.y) < 0.05


def test_a_plan_that_begins_later_is_joined(lagging: Car) -> None:
    lagging.speed_mps = 6.0
    tracker = PlanTracker(lagging.info, DT_S)
    later = plan(lambda t: (6.0 * (t + 0.5), 0.0, 0.0), lagging.stamp_ns + 500_000_000)
    tracker.take(later)
    assert follow(lagging, tracker, 60)[:, 2].min() > 5.5


def test_when_the_plan_is_over_the_last_solution_holds_and_then_the_ego_brakes(
    lagging: Car,
) -> None:
    lagging.speed_mps = 6.0
    tracker = PlanTracker(lagging.info, DT_S)
    tracker.take(plan(straight_at(6.0), lagging.stamp_ns, 1.0))
    ways = []
    for _ in range(120):
        tracked = tracker.step(lagging.stamp_ns, lagging.map_from_base, lagging.speed_mps)
        ways.append(tracked.how)
        lagging.move(tracked.target)
    # 20 frames of plan; the last solution, of frame 19, is 0.5 s old at frame 29.
    assert ways == ["solved"] * 20 + ["held"] * 10 + ["braked"] * 90
    assert tracked.why == "the plan has been over for 4.95 s"
    assert lagging.speed_mps == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize("limits", [MpcSettings(iterations=1), MpcSettings(deadline_s=1e-9)])
def test_a_solver_that_finds_nothing_in_time_is_told(lagging: Car, limits: MpcSettings) -> None:
    lagging.speed_mps, lagging.y = 8.0, 1.5
    tracker = PlanTracker(lagging.info, DT_S, TrackerSettings(mpc=limits))
    tracker.take(plan(straight_at(8.0), lagging.stamp_ns))
    tracked = tracker.step(lagging.stamp_ns, lagging.map_from_base, lagging.speed_mps)
    assert (tracked.how, tracked.target.steer_rad) == ("braked", 0.0)
    assert tracked.why == "the solver found nothing within its iterations and its time"
    assert tracked.target.speed_mps < 8.0


@pytest.mark.parametrize("lost", [True, False])
def test_without_a_plan_the_ego_brakes_and_one_that_is_lost_is_followed_first(
    lagging: Car, lost: bool
) -> None:
    lagging.speed_mps = 6.0
    tracker = PlanTracker(lagging.info, DT_S)
    tracker.take(plan(straight_at(6.0), lagging.stamp_ns))
    follow(lagging, tracker, 1)
    if lost:
        tracker.lose("nobody plans")
    else:
        tracker.take(None)
    tracked = tracker.step(lagging.stamp_ns, lagging.map_from_base, lagging.speed_mps)
    assert (tracked.how, tracked.why) == (
        ("held", "nobody plans") if lost else ("braked", "there is no plan")
    )


@pytest.mark.parametrize(
    ("motion", "words"),
    [
        (lambda t: (0.0 if t < 1.0 else 50.0, 0.0, 0.0), r"its pose 10 lies 50.00 m .* 500 m/s"),
        (lambda t: (t, 6.0, 0.0), r"it is 6.00 m away from base_link at the frame of 1000000000"),
    ],
)
def test_a_plan_that_jumps_or_is_elsewhere_is_refused(motion: Motion, words: str) -> None:
    with pytest.raises(InputError, match=words):
        check_plan(plan(motion, 1_000_000_000), 1_000_000_000, np.eye(4), PlanLimits())


def test_a_plan_that_is_over_is_refused_and_one_that_is_near_is_not() -> None:
    near = plan(straight_at(5.0), 1_000_000_000, 1.0)
    check_plan(near, 1_500_000_000, np.eye(4), PlanLimits())
    with pytest.raises(InputError, match="which is not after the frame of 2000000000 ns"):
        check_plan(near, 2_000_000_000, np.eye(4), PlanLimits())
