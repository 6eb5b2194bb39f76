"""NAVSIM's PDMS and EPDMS on drives whose figures follow from arithmetic."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from scored_drives import (
    LEFT_Y,
    OUTER_Y,
    RIGHT_Y,
    Drive,
    Other,
    Pose,
    drive,
    kinds,
    light,
    score,
    steady,
    still,
)

from carla_nurec_bridge.evaluation.scores.context import ExpertDrive
from carla_nurec_bridge.world.object_classes import ObjectClass
from carla_nurec_bridge.world.states import WorldState

CAR, WALKER, PROP = ObjectClass.CAR, ObjectClass.PEDESTRIAN, ObjectClass.PROP


@pytest.mark.parametrize("driven_m", [20.0, 45.0, 80.0])
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


# Eleven samples at 10 Hz from 10 m/s on. The time to collision is judged at samples 0 and 1, which
# look at 0, 3, 6, 9 and 1, 4, 7, 10: who is there at sample 5 alone is hit and was never feared.
# Braking by 2 m/s2 is comfortable (-4.05 to 2.40), speeding up by 3 is not; neither has a jerk.
# After 0.9 s the ego would be 9 m on, is 8.19 m on braking and 10.215 m speeding up: an object half
# a metre long 10.7 m, or 7.3 m, ahead lies in its way only as if it went straight on.
X0, SPEED = 20.0, 10.0
NOWHERE = (-500.0, 0.0, 0.0)
RATES = {True: -2.0, False: 3.0}
FEARED_M = {True: 10.7, False: 7.3}
DRIVEN_M = {True: 9.0, False: 11.5}


def eventful(no_collision: float, in_road: bool, unfeared: bool, calm: bool) -> list[WorldState]:
    """Return a drive with these parts of the score, each brought about by itself."""

    def ego(t: float) -> Pose:
        # At the last sample the ego's right corners are at y -7.5; the road ends at -7.
        y = RIGHT_Y if in_road or t < 0.95 else -6.5
        return X0 + SPEED * t + 0.5 * RATES[calm] * t * t, y, 0.0

    def hit(t: float) -> Pose:
        return (ego(0.5)[0], RIGHT_Y, 0.0) if 0.45 < t < 0.55 else NOWHERE

    def feared(t: float) -> Pose:
        return (X0 + FEARED_M[calm], RIGHT_Y, 0.0) if 0.85 < t < 0.95 else NOWHERE

    others: dict[int, Other] = {}
    if no_collision < 1.0:
        others[1] = (PROP if no_collision else CAR, hit)
    if not unfeared:
        others[2] = (PROP, feared)
    return drive(ego, 1.0, others=others)


def expert_of(length_m: float) -> ExpertDrive:
    """Return somebody who drives so far along the route from where the ego begins."""
    positions = np.array([(X0, RIGHT_Y), (X0 + length_m, RIGHT_Y)])
    return ExpertDrive(np.array([0, 1_000_000_000], np.int64), positions)


FACTORS = list(itertools.product((1.0, 0.5, 0.0), (True, False), (True, False), (True, False)))


@pytest.mark.parametrize(("nc", "dac", "ttc", "calm"), FACTORS)
def test_pdms_is_composed_of_its_parts(nc: float, dac: bool, ttc: bool, calm: bool) -> None:
    # NC * DAC * (5 TTC + 5 EP + 2 C) / 12 with EP = driven / 20 m of the expert.
    result = score("pdms", eventful(nc, dac, ttc, calm), expert=expert_of(20.0))
    progress = DRIVEN_M[calm] / 20.0
    parts = {part.name: part.value for part in result.components}
    assert parts == pytest.approx(
        {
            "no_at_fault_collisions": nc,
            "drivable_area_compliance": float(dac),
            "ego_progress": progress,
            "time_to_collision_within_bound": float(ttc),
            "comfort": float(calm),
        }
    )
    assert result.value == pytest.approx(nc * dac * (5 * ttc + 5 * progress + 2 * calm) / 12)


@pytest.mark.parametrize("on_green", [True, False])
@pytest.mark.parametrize(("nc", "dac", "ttc", "calm"), FACTORS)
def test_epdms_is_composed_of_its_parts(
    nc: float, dac: bool, ttc: bool, calm: bool, on_green: bool
) -> None:
    # NC * DAC * DDC * TLC * (5 EP + 5 TTC + 2 LK + 2 HC) / 14, in the route's lanes DDC = LK = 1;
    # the line is 5 m ahead of the middle, passed in half a second.
    states = eventful(nc, dac, ttc, calm)
    shows = light("green" if on_green else "red", X0 + 5.0)
    states = [replace(state, lights=(shows,)) for state in states]
    result = score("epdms", states, expert=expert_of(20.0))
    progress = DRIVEN_M[calm] / 20.0
    average = (5 * progress + 5 * ttc + 2 + 2 * calm) / 14
    assert result.component("traffic_light_compliance") == float(on_green)
    assert result.value == pytest.approx(nc * dac * on_green * average)


@pytest.mark.parametrize("name", ["pdms", "epdms"])
@pytest.mark.parametrize(
    ("expert_m", "ratio"),
    # 9 m are driven. Up to 5 m of the expert all progress is enough, beyond it is a share, and
    # who goes farther than the expert gets no more for it.
    [(0.0, 1.0), (4.9, 1.0), (5.1, 1.0), (8.9, 1.0), (9.1, 9 / 9.1), (12.0, 0.75), (18.0, 0.5),
     (36.0, 0.25), (90.0, 0.1), (250.0, 0.036)],
)  # fmt: skip
def test_progress_is_a_share_of_the_experts(name: str, expert_m: float, ratio: float) -> None:
    result = score(name, eventful(1.0, True, True, True), expert=expert_of(expert_m))
    assert result.component("ego_progress") == pytest.approx(ratio)


@pytest.mark.parametrize("backwards_m", [0.0, 1.0, 8.0])
def test_who_goes_backwards_makes_no_progress(backwards_m: float) -> None:
    states = drive(steady(60.0, -backwards_m), 1.0)
    assert score("pdms", states, length_m=100.0).component("ego_progress") == 0.0


@pytest.mark.parametrize(
    ("name", "ego", "other", "value"),
    [
        ("a car from behind", steady(60, 2), steady(54, 9), 1.0),
        ("a car onto the standing ego", still(60), steady(54, 9), 1.0),
        ("a slower car ahead", steady(40, 12), steady(45, 2), 0.0),
        ("head on", steady(40, 8), steady(52, -8, heading=math.pi), 0.0),
        ("into a standing car", steady(40, 8), still(46), 0.0),
        # In its lane the ego does not answer for who comes from the side.
        ("from the side", steady(40, 8), lambda t: (39.5 + 8 * t, RIGHT_Y + 3.4 - 3 * t, 0.0), 1.0),
        # Between lanes it does.
        ("from the side, between lanes", steady(40, 8, -3.5),
         lambda t: (39.5 + 8 * t, -0.1 - 3 * t, 0.0), 0.0),
    ],
)  # fmt: skip
def test_whose_fault_a_collision_is(name: str, ego: Drive, other: Drive, value: float) -> None:
    result = score("pdms", drive(ego, 1.5, others={3: (CAR, other)}))
    assert result.component("no_at_fault_collisions") == value


def test_trap_a_filter_of_the_human_and_two_plans_are_not_pretended() -> None:
    notes = " ".join(score("epdms", eventful(1.0, True, True, True)).notes)
    assert "No human's drive filters the metrics" in notes
    assert "Extended comfort compares two plans and is left out" in notes
