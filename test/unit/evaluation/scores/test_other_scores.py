"""NAVSIM, AlpaSim, NeuroNCAP and Bench2Drive on drives whose figures follow from arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scored_drives import (
    LEFT_Y,
    OUTER_Y,
    RIGHT_Y,
    Drive,
    light,
    scored_states,
    steady,
    still,
    straight_context,
)

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.evaluation.scores.bench2drive import smoothness
from carla_nurec_bridge.evaluation.scores.context import ExpertDrive, ScoreContext
from carla_nurec_bridge.evaluation.scores.records import ScoreReport, ScoreResult
from carla_nurec_bridge.evaluation.scores.scorer import SCORES, DriveScorer, score_drive
from carla_nurec_bridge.world.object_classes import ObjectClass
from carla_nurec_bridge.world.states import WorldState

CAR, WALKER, PROP = ObjectClass.CAR, ObjectClass.PEDESTRIAN, ObjectClass.PROP


def score(name: str, states: list[WorldState], **told: object) -> ScoreResult:
    return score_drive(states, straight_context(**told), [name]).score(name)  # type: ignore[arg-type]


def kinds(result: ScoreResult) -> list[str]:
    return [each.kind for each in result.infractions]


def drive(ego: Drive, seconds: float, hertz: int = 10, **told: object) -> list[WorldState]:
    return scored_states(ego, seconds, hertz=hertz, velocities=True, **told)  # type: ignore[arg-type]


# NAVSIM


@pytest.mark.parametrize("driven_m", [20.0, 30.0, 45.0, 60.0, 80.0])
def test_pdms_and_epdms_of_a_clean_drive(driven_m: float) -> None:
    states = drive(steady(10, driven_m / 6.0), 6.0)
    progress = driven_m / 100.0
    pdms = score("pdms", states, length_m=100.0)
    assert pdms.value == pytest.approx((5 * progress + 5 + 2) / 12)
    epdms = score("epdms", states, length_m=100.0)
    assert epdms.value == pytest.approx((5 * progress + 5 + 2 + 2) / 14)


@pytest.mark.parametrize(
    ("kind", "value"), [(CAR, 0.0), (WALKER, 0.0), (ObjectClass.BICYCLE, 0.0), (PROP, 0.5)]
)
def test_trap_a_collision_with_an_object_is_half_as_bad(kind: ObjectClass, value: float) -> None:
    result = score("pdms", drive(steady(20, 8), 6.0, others={3: (kind, still(60.0))}))
    assert result.component("no_at_fault_collisions") == value
    assert "at_fault_collision_stopped_track" in kinds(result)


def test_trap_who_touches_at_the_first_tick_does_not_count() -> None:
    result = score("pdms", drive(steady(20, 8), 2.0, others={3: (CAR, steady(23.0, 8.0))}))
    assert result.component("no_at_fault_collisions") == 1.0
    assert result.component("time_to_collision_within_bound") == 1.0


@pytest.mark.parametrize(
    ("gap_m", "value"),
    # Standing 0.9 s at 10 m/s before a car 4 m long: within 9 + 4 m it is met.
    [(12.9, 0.0), (13.1, 1.0)],
)
def test_navsims_time_to_collision_looks_0_9_s_ahead(gap_m: float, value: float) -> None:
    # The ego comes to stand a whole second after its first sample, just before the car.
    def brakes(t: float) -> tuple[float, float, float]:
        return 20.0 + 10.0 * min(t, 0.05), RIGHT_Y, 0.0

    states = drive(brakes, 1.5, others={3: (CAR, still(20.0 + gap_m))})
    assert score("pdms", states).component("time_to_collision_within_bound") == value


def test_trap_navsim_looks_where_the_others_really_go() -> None:
    # It stands ahead but leaves sideways in time: by constant velocity it would have been hit.
    def leaves(t: float) -> tuple[float, float, float]:
        return 31.0, RIGHT_Y + (0.0 if t < 0.1 else 40.0 * (t - 0.1)), 0.0

    result = score("pdms", drive(steady(20, 10), 3.0, others={3: (CAR, leaves)}))
    assert result.component("time_to_collision_within_bound") == 1.0


@pytest.mark.parametrize(("y", "value"), [(OUTER_Y, 1.0), (-5.99, 1.0), (-6.01, 0.0)])
def test_navsim_allows_no_corner_off_the_road(y: float, value: float) -> None:
    result = score("pdms", drive(steady(20, 8, y), 2.0))
    assert result.component("drivable_area_compliance") == value


@pytest.mark.parametrize(
    ("speed", "y", "value"),
    # Eleven steps of a tenth of a second in the lane of the other direction.
    [
        (1.7, LEFT_Y, 1.0),
        (1.9, LEFT_Y, 0.5),
        (5.4, LEFT_Y, 0.5),
        (5.5, LEFT_Y, 0.0),
        (9, OUTER_Y, 1.0),
    ],
)
def test_epdms_wants_the_lanes_of_the_route(speed: float, y: float, value: float) -> None:
    result = score("epdms", drive(steady(20, speed, y), 3.0))
    assert result.component("driving_direction_compliance") == value


@pytest.mark.parametrize(
    ("shows", "stop_x", "value"),
    [("red", 40.0, 0.0), ("yellow", 40.0, 1.0), ("green", 40.0, 1.0), ("red", 90.0, 1.0)],
)
def test_epdms_counts_red_lights(shows: str, stop_x: float, value: float) -> None:
    states = drive(steady(20, 8), 5.0, lights=lambda t: [light(shows, stop_x)])
    assert score("epdms", states).component("traffic_light_compliance") == value
    assert "red_light" not in kinds(score("pdms", states))


@pytest.mark.parametrize(
    ("beside_m", "seconds", "junction", "value"),
    # Twenty samples of more than half a metre, one after the other, are two seconds.
    [
        (0.4, 4.0, False, 1.0),
        (0.6, 1.8, False, 1.0),
        (0.6, 2.1, False, 0.0),
        (0.6, 4.0, True, 1.0),
    ],
)
def test_epdms_keeps_to_the_middle_line(
    beside_m: float, seconds: float, junction: bool, value: float
) -> None:
    states = drive(steady(20, 8, RIGHT_Y - beside_m), seconds)
    result = score("epdms", states, junction=junction)
    assert result.component("lane_keeping") == value


# AlpaSim


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


# NeuroNCAP


@pytest.mark.parametrize("impact", [0.0, 2.0, 5.0, 9.0, 10.0, 14.0])
def test_neuroncap_by_the_speed_of_the_impact(impact: float) -> None:
    # Braking from afar to the impact's speed; ten metres a second do nothing about it.
    states = drive(steady(52.0, impact), 1.0, others={3: (CAR, still(56.1))})
    result = score("neuroncap", states, reference_impact_mps=10.0)
    hit = impact * 1.0 >= 0.1
    assert result.value == pytest.approx(max(0.0, 4 * (1 - impact / 10)) if hit else 5.0)


@pytest.mark.parametrize(("theirs", "relative"), [(-6.0, 14.0), (3.0, 5.0)])
def test_neuroncaps_impact_is_that_of_both(theirs: float, relative: float) -> None:
    states = drive(steady(40, 8), 3.0, others={3: (CAR, steady(50, theirs))})
    result = score("neuroncap", states, reference_impact_mps=20.0)
    assert result.component("impact_speed_mps") == pytest.approx(relative)
    assert result.value == pytest.approx(4 * (1 - relative / 20))


def test_trap_no_one_tunnels_through_between_two_ticks() -> None:
    # At 2 Hz and 30 m/s a walker half a metre long is jumped over: 15 m a tick.
    states = drive(steady(20, 30), 2.0, hertz=2, others={3: (WALKER, still(57.0))})
    result = score("neuroncap", states, reference_impact_mps=60.0)
    assert result.value == pytest.approx(4 * (1 - 30 / 60))


def test_neuroncap_is_full_without_a_collision() -> None:
    assert score("neuroncap", drive(steady(20, 8), 2.0)).value == 5.0


# Bench2Drive


def test_trap_bench2drive_counts_no_slowness() -> None:
    others = {1: (CAR, steady(60.0, 16.0, OUTER_Y))}
    states = drive(steady(10.0, 8.0), 13.0, others=others)
    result = score("bench2drive", states, length_m=100.0)
    assert (result.value, result.status) == (100.0, "success")
    assert result.component("efficiency_percent") == pytest.approx(50.0)
    assert score("leaderboard_2_0", states, length_m=100.0).value == pytest.approx(100 * 0.85**4)


def test_trap_bench2drive_drops_efficiencies_beyond_1000_percent() -> None:
    others = {1: (CAR, steady(60.0, 0.5, OUTER_Y))}
    result = score("bench2drive", drive(steady(10.0, 8.0), 13.0, others=others), length_m=100.0)
    assert result.component("efficiency_percent") is None


def test_bench2drive_has_no_success_with_an_infraction() -> None:
    others = {1: (CAR, still(50.0))}
    result = score("bench2drive", drive(steady(10.0, 8.0), 13.0, others=others), length_m=100.0)
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


# All of them


def busy_drive() -> list[WorldState]:
    others = {
        1: (CAR, steady(40.0, 6.0)),
        2: (CAR, steady(150.0, -9.0, LEFT_Y, math.pi)),
        3: (WALKER, still(70.0, -6.0)),
        4: (PROP, still(62.0, -4.2)),
    }
    return scored_states(
        lambda t: (10.0 + 9.0 * t, RIGHT_Y - 0.8 * math.sin(t), 0.1 * math.sin(t)),
        8.0,
        others,  # type: ignore[arg-type]
        lambda t: [light("red" if t < 3 else "green", 45.0)],
    )


def test_online_and_offline_are_equal_to_the_last_digit() -> None:
    states = busy_drive()
    offline = score_drive(states, straight_context(), source="x")
    online = DriveScorer(straight_context(), source="x")
    told = []
    for state in states:
        told.append(online.update(state))
        online.result()
    assert online.result().model_dump_json() == offline.model_dump_json()
    for name, series in offline.series.items():
        assert series == tuple(tick.values[name] for tick in told)
    assert [result.name for result in offline.scores] == list(SCORES)
    assert ScoreReport.model_validate_json(offline.model_dump_json()) == offline


def test_names_times_and_empty_drives_are_refused_in_a_sentence() -> None:
    with pytest.raises(InputError, match="no score called 'nuplam'; try nuplan"):
        DriveScorer(ScoreContext(), ["nuplam"])
    states = drive(steady(20, 8), 0.2)
    scorer = DriveScorer(ScoreContext(), ["neuroncap"])
    with pytest.raises(InputError, match="without a single state"):
        scorer.result()
    scorer.update(states[1])
    with pytest.raises(InputError, match="in order of time"):
        scorer.update(states[0])
