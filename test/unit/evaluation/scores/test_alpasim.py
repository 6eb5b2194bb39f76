"""AlpaSim's metrics and its score of a scene on drives whose figures follow from geometry."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scored_drives import (
    RIGHT_Y,
    Other,
    Pose,
    drive,
    kinds,
    score,
    steady,
    still,
    straight_context,
)

from carla_nurec_bridge.evaluation.scores.context import ExpertDrive, ScoreContext
from carla_nurec_bridge.evaluation.scores.scorer import score_drive
from carla_nurec_bridge.world.object_classes import ObjectClass

CAR, WALKER, PROP = ObjectClass.CAR, ObjectClass.PEDESTRIAN, ObjectClass.PROP


@pytest.mark.parametrize(
    ("driven_m", "value"), [(20.0, 0.25), (40.0, 0.5), (64.0, 0.8), (80.0, 1.0), (95.0, 1.0)]
)
def test_alpasims_score_is_full_at_four_fifths(driven_m: float, value: float) -> None:
    result = score("alpasim", drive(steady(10, driven_m / 6.0), 6.0), length_m=100.0)
    assert result.value == pytest.approx(value)
    assert result.status == "passed"


def test_alpasim_wants_no_progress_where_the_recording_hardly_moves() -> None:
    assert score("alpasim", drive(still(10), 2.0), length_m=4.9).value == 1.0
    assert score("alpasim", drive(still(10), 2.0), length_m=5.1).value == 0.0


SHRUNK = 0.98
"""Boxes of 4 m by 2 m: 3.92 by 1.96 m, corners rounded by a quarter of 1.96 m."""


@pytest.mark.parametrize(
    ("ahead_m", "aside_m", "kind"),
    [
        (3.9, 0.0, "front"),
        (3.95, 0.0, None),
        (-3.9, 0.0, "rear"),
        (0.0, 1.95, "front"),
        (0.0, 1.97, None),
        # Corner to corner: centres of roundings 2 * 1.47 and 2 * 0.49 apart along and across.
        (3.85, 1.9, None),
        (3.5, 1.5, "front"),
        (-3.5, 1.5, "rear"),
    ],
)
def test_alpasims_boxes_are_smaller_and_rounded(
    ahead_m: float, aside_m: float, kind: str | None
) -> None:
    states = drive(still(40), 0.1, others={3: (CAR, still(40 + ahead_m, RIGHT_Y + aside_m))})
    result = score("alpasim", states)
    assert kinds(result) == ([] if kind is None else [f"collision_{kind}"])
    radius = 0.25 * 1.96
    across = max(0.0, abs(ahead_m) - (3.92 - 2 * radius)), max(0.0, aside_m - (1.96 - 2 * radius))
    gap = max(0.0, math.hypot(*across) - 2 * radius)
    assert result.component("min_distance_to_obstacle_m") == pytest.approx(gap, abs=1e-9)


@pytest.mark.parametrize(
    ("length", "kind", "at_fault"), [(0.5, "lateral", True), (4.0, "rear", False)]
)
def test_a_contact_from_behind_is_not_at_fault(length: float, kind: str, at_fault: bool) -> None:
    at = still(40, RIGHT_Y + 1.2) if kind == "lateral" else still(36.2)
    states = drive(still(40), 0.1, others={3: (WALKER if length < 1 else CAR, at)})
    result = score("alpasim", states)
    assert kinds(result) == [f"collision_{kind}"]
    assert (result.status == "collision_at_fault") is at_fault


def test_trap_nothing_counts_after_the_first_incident() -> None:
    # A car runs into the ego from behind; only later does it drive off the road.
    def swerves(t: float) -> tuple[float, float, float]:
        return 40.0 + 4.0 * t, RIGHT_Y if t < 3.0 else -12.0, 0.0

    states = drive(swerves, 5.0, others={3: (CAR, steady(30, 8.0))})
    result = score("alpasim", states)
    assert kinds(result) == ["collision_rear"]
    assert result.component("offroad") == 0.0
    assert result.status == "passed"


def test_trap_nothing_counts_before_the_policy_drives() -> None:
    states = drive(steady(40, 8), 4.0, others={3: (CAR, steady(42, -30, heading=math.pi))})
    assert kinds(score("alpasim", states)) == ["collision_front"]
    assert kinds(score("alpasim", states, handover_s=1.0)) == []


def test_trap_a_change_of_lanes_is_not_off_road() -> None:
    result = score("alpasim", drive(steady(20, 8, -3.5), 3.0))
    assert result.component("offroad") == 0.0


@pytest.mark.parametrize(("y", "off"), [(-6.0, 0.0), (-6.3, 1.0)])
def test_alpasims_off_road(y: float, off: float) -> None:
    assert score("alpasim", drive(steady(20, 8, y), 1.0)).component("offroad") == off


@pytest.mark.parametrize(
    ("heading", "wrong"), [(0.0, 0.0), (2.0, 0.0), (2.2, 1.0), (math.pi, 1.0), (-2.2, 1.0)]
)
def test_alpasims_wrong_lane(heading: float, wrong: float) -> None:
    result = score("alpasim", drive(still(40, RIGHT_Y, heading), 0.1))
    assert result.component("wrong_lane") == wrong


def test_alpasim_measures_from_the_recording_at_the_same_time() -> None:
    stamps = np.arange(0, 61, dtype=np.int64) * 100_000_000
    expert = ExpertDrive(stamps, np.stack([10 + stamps / 1e8, np.full(61, RIGHT_Y)], axis=1))
    told: dict[str, object] = {"expert": expert}
    report = score_drive(drive(steady(10, 8, -1.0), 3.0), straight_context(**told), ["alpasim"])  # type: ignore[arg-type]
    # After 3 s the recording is 30 m on, the ego 24 m, and three quarters of a metre beside it.
    assert report.series["alpasim.dist_to_gt_location"][-1] == pytest.approx(math.hypot(6, 0.75))
    assert report.series["alpasim.dist_to_gt_trajectory"][-1] == pytest.approx(0.75)
    assert report.series["alpasim.progress"][-1] == pytest.approx(24 / 60)


# Shrunk by 2 %, the ego and a car are 3.92 m by 1.96 m with corners of radius 0.49 m (half of the
# lesser half side): rectangles of 2.94 m by 0.98 m grown by 0.49 m. A walker, 0.49 m by 0.49 m, is
# one of 0.245 m by 0.245 m grown by 0.1225 m. Parallel boxes are hence apart by the length of what
# is left between the rectangles along and across, less both radii.
CORES = {CAR: (2.94, 0.98, 0.49), WALKER: (0.245, 0.245, 0.1225)}


def rounded_gap_m(kind: ObjectClass, ahead_m: float, aside_m: float) -> float:
    """Return how far a parallel box is from the ego, middles apart by so much; negative inside."""
    length, width, radius = CORES[CAR]
    other_length, other_width, other_radius = CORES[kind]
    along = max(0.0, abs(ahead_m) - 0.5 * (length + other_length))
    across = max(0.0, abs(aside_m) - 0.5 * (width + other_width))
    return math.hypot(along, across) - radius - other_radius


PLACES = [
    (CAR, 3.0, 0.0, "front"),
    (CAR, 3.91, 0.0, "front"),
    (CAR, 3.93, 0.0, None),
    (CAR, 5.0, 0.0, None),
    (CAR, -3.91, 0.0, "rear"),
    (CAR, -3.93, 0.0, None),
    (CAR, -3.0, 1.9, "rear"),
    (CAR, 3.0, -1.9, "front"),
    (CAR, 3.0, 2.1, None),
    # Corner to corner by Pythagoras: (0.6, 0.7) is 0.92 m < 0.98 m, (0.7, 0.7) is 0.99 m.
    (CAR, 3.54, 1.68, "front"),
    (CAR, 3.64, 1.68, None),
    (CAR, -3.54, -1.68, "rear"),
    (CAR, -3.64, -1.68, None),
    (CAR, 12.0, 5.0, None),
    # A walker beside the ego touches neither bumper, which are half a radius thick.
    (WALKER, 0.0, 1.2, "lateral"),
    (WALKER, 0.0, -1.2, "lateral"),
    (WALKER, 0.0, 1.23, None),
    (WALKER, 1.0, 1.0, "lateral"),
    (WALKER, -1.0, -1.0, "lateral"),
    (WALKER, 2.2, 0.0, "front"),
    (WALKER, 2.21, 0.0, None),
    (WALKER, -2.2, 0.5, "rear"),
    (WALKER, -2.21, 0.5, None),
    (WALKER, 1.9, 0.3, "front"),
    (WALKER, -1.9, 0.3, "rear"),
]


@pytest.mark.parametrize(("kind", "ahead_m", "aside_m", "side"), PLACES)
def test_at_which_side_one_touches(
    kind: ObjectClass, ahead_m: float, aside_m: float, side: str | None
) -> None:
    gap_m = rounded_gap_m(kind, ahead_m, aside_m)
    assert (gap_m <= 0.0) is (side is not None)
    others: dict[int, Other] = {3: (kind, still(40 + ahead_m, RIGHT_Y + aside_m))}
    result = score("alpasim", drive(still(40), 0.1, others=others), length_m=4.0)
    assert kinds(result) == ([] if side is None else [f"collision_{side}"])
    assert result.component("collision_any") == float(side is not None)
    at_fault = side in ("front", "lateral")
    assert result.component("collision_at_fault") == float(at_fault)
    assert result.component("min_distance_to_obstacle_m") == pytest.approx(max(0.0, gap_m))
    # The route is shorter than 5 m: all progress is enough, and only who is at fault scores zero.
    assert result.value == float(not at_fault)


@pytest.mark.parametrize(
    ("progress_m", "at_fault", "off_road"),
    list(itertools.product((10.0, 40.0, 80.0), (False, True), (False, True))),
)
def test_the_score_is_zero_or_progress(progress_m: float, at_fault: bool, off_road: bool) -> None:
    # Of 100 m 80 are all. Both incidents come in the last tick, so that neither hides the other:
    # the ego's right side is then at y -7.48, half a metre beside the road, and a walker in front.
    def ego(t: float) -> Pose:
        y = -6.5 if off_road and t > 1.95 else RIGHT_Y
        return 10.0 + 0.5 * progress_m * t, y, 0.0

    def ahead(t: float) -> Pose:
        x, y, _ = ego(2.0)
        return (x + 2.0, y, 0.0) if t > 1.95 else (-500.0, 0.0, 0.0)

    others: dict[int, Other] = {3: (WALKER, ahead)} if at_fault else {}
    result = score("alpasim", drive(ego, 2.0, hertz=2, others=others), length_m=100.0)
    assert result.component("collision_at_fault") == float(at_fault)
    assert result.component("offroad") == float(off_road)
    share = min(1.0, progress_m / 80.0)
    assert result.value == pytest.approx(0.0 if at_fault or off_road else share)
    assert result.component("progress") == pytest.approx(progress_m / 100.0)


@pytest.mark.parametrize(
    ("beside_m", "counts"),
    # Beyond 4 m from the recording the drive is cut: a car hit after that is nobody's fault.
    [(0.0, True), (3.9, True), (4.1, False)],
)
def test_trap_a_drive_that_left_the_recording_is_cut(beside_m: float, counts: bool) -> None:
    def ego(t: float) -> Pose:
        return 20.0 + 8.0 * t, RIGHT_Y + (beside_m if 0.45 < t < 0.55 else 0.0), 0.0

    states = drive(ego, 2.0, others={3: (CAR, still(34.0))})
    assert kinds(score("alpasim", states)) == (["collision_front"] if counts else [])


@pytest.mark.parametrize(("driven_m", "least"), [(0.0, 0.0), (12.0, 0.12), (100.0, 1.0)])
def test_progress_is_where_along_the_recording_the_ego_is(driven_m: float, least: float) -> None:
    result = score("alpasim", drive(steady(10, driven_m / 2.0), 2.0, hertz=2), length_m=100.0)
    assert result.component("progress") == pytest.approx(least)
    assert result.value == pytest.approx(min(1.0, least / 0.8))


def test_without_a_map_nobody_knows_whether_the_road_was_left() -> None:
    route = np.array([(10.0, RIGHT_Y), (60.0, RIGHT_Y)])
    result = score_drive(drive(steady(10, 8), 0.5), ScoreContext(None, route), ["alpasim"])
    assert result.score("alpasim").value is None
    assert result.score("alpasim").status == "unknown: no route or no map"
