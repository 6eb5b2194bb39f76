"""Each rule on drives drawn by hand: the figures it must give, and what lies just beyond it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from drawn_drives import (
    DT_NS,
    RIGHT_Y,
    T0_NS,
    Drive,
    Pose,
    StraightRoad,
    drawn_states,
    light,
    steady,
)

from carla_nurec_bridge.evaluation.incidents.find import find_incidents
from carla_nurec_bridge.evaluation.incidents.incident import Incident, Thresholds
from carla_nurec_bridge.evaluation.incidents.traffic import ObservedTraffic
from carla_nurec_bridge.world.states import WorldState

OFF_ROAD_Y = -9.0


def found(kind: str, states: list[WorldState], **limits: float) -> list[Incident]:
    incidents = find_incidents(
        ObservedTraffic.of_states(states, StraightRoad()), Thresholds(**limits)
    )
    return [incident for incident in incidents if incident.kind == kind]


def ticks(incident: Incident) -> tuple[float, float]:
    """Return start and end in seconds of the drive, exact to the nanosecond."""
    spans = [stamp_ns - T0_NS for stamp_ns in (incident.start_ns, incident.end_ns)]
    assert all(span % DT_NS == 0 for span in spans)
    return spans[0] / 1e9, spans[1] / 1e9


def test_a_collision_is_there_from_the_first_tick_of_contact_to_the_last() -> None:
    # 20 m apart at 6 m/s to each other, 4 m long: within 4 m after 16 / 6 = 2.67 s, until 4 s.
    cars = {1: steady(20.0, 4.0), 2: steady(0.0, 10.0)}
    (hit,) = found("collision", drawn_states(cars, 6.0))
    assert ticks(hit) == (2.7, 3.95)
    assert hit.actor_ids == (2, 1)
    assert hit.evidence["closing_mps"] == pytest.approx(6.0)
    assert hit.evidence["overlap_m"] == pytest.approx(2.0)
    assert hit.place[0] == pytest.approx((27.0 + 30.8) / 2)


@pytest.mark.parametrize(("aside_m", "hits"), [(1.99, 1), (2.01, 0)])
def test_boxes_that_pass_each_other_do_not_collide(aside_m: float, hits: int) -> None:
    cars = {1: steady(20.0, 4.0, y=RIGHT_Y + aside_m), 2: steady(0.0, 10.0)}
    states = drawn_states(cars, 6.0)
    assert len(found("collision", states)) == hits
    assert found("near_miss", states) == []


def test_collisions_at_the_same_time_are_all_found() -> None:
    cars = {1: steady(20.0, 4.0), 2: steady(0.0, 10.0)}
    cars |= {3: steady(120.0, 4.0), 4: steady(100.0, 10.0)}
    cars |= {5: steady(-80.0, 4.0), 6: steady(-99.4, 10.0)}
    hits = found("collision", drawn_states(cars, 6.0))
    assert [ticks(hit)[0] for hit in hits] == [2.6, 2.7, 2.7]
    assert {hit.actor_ids for hit in hits} == {(2, 1), (4, 3), (6, 5)}


def test_a_contact_that_began_before_is_none_of_a_window() -> None:
    states = drawn_states({1: steady(20.0, 4.0), 2: steady(0.0, 10.0)}, 6.0)
    assert len(found("collision", states[53:])) == 1
    assert found("collision", states[54:]) == []
    assert found("collision", states[:54]) == []


def test_what_leads_to_a_contact_is_no_near_miss_whatever_is_missing_of_it() -> None:
    states = drawn_states({1: steady(20.0, 4.0), 2: steady(0.0, 10.0)}, 6.0)
    assert found("near_miss", states[:53]), "the same drive, as long as they do not touch"
    assert found("near_miss", states[54:]) == [], "they touch from the first tick on"
    for gap in (50, 56):  # just before the contact, and in it
        torn = [*states]
        torn[gap] = replace(states[gap], actors=states[gap].actors[1:])
        assert found("near_miss", torn) == []
        assert len(found("collision", torn)) == 1


def test_contacts_shortly_after_each_other_are_one() -> None:
    def twice(apart_s: float) -> Drive:
        return lambda t: (4.0 - 0.1 * (1.0 <= t < 1.2 or 1.2 + apart_s <= t), RIGHT_Y, 0.0)

    for apart_s, hits in ((4.8, 1), (5.2, 2)):
        states = drawn_states({1: steady(0.0, 0.0), 2: twice(apart_s)}, 8.0)
        assert len(found("collision", states)) == hits


def test_a_car_over_a_bridge_hits_nobody_below() -> None:
    states = drawn_states({1: steady(20.0, 4.0), 2: steady(0.0, 10.0)}, 6.0)
    for state in states:
        state.actors[0].map_from_box[2, 3] += 6.0
    assert found("collision", states) == []
    assert found("near_miss", states) == []


def swerving(at_gap_m: float) -> Drive:
    """To a car that stands at 0, at 10 m/s; 3 m aside from that gap on."""

    def drive(t: float) -> Pose:
        x = -29.75 + 10.0 * t
        return x, RIGHT_Y + 3.0 * (-x - 4.0 < at_gap_m), 0.0

    return drive


def test_a_near_miss_has_the_time_to_collision() -> None:
    states = drawn_states({1: steady(0.0, 0.0), 2: swerving(7.5)}, 4.0)
    (near,) = found("near_miss", states)
    # Gaps are 25.75 - 10 t: 9.25 m at 1.65 s is the first below 0.95 s, 7.75 m the last.
    assert ticks(near) == (1.65, 1.8)
    assert near.actor_ids == (2, 1)
    assert near.evidence["ttc_s"] == pytest.approx(0.775)
    assert near.evidence["distance_m"] == pytest.approx(7.75)
    assert near.evidence["closing_mps"] == pytest.approx(10.0)
    assert found("near_miss", drawn_states({1: steady(0.0, 0.0), 2: swerving(9.6)}, 4.0)) == []


def test_what_leads_to_a_collision_is_no_near_miss() -> None:
    states = drawn_states({1: steady(20.0, 4.0), 2: steady(0.0, 10.0)}, 6.0)
    assert found("near_miss", states) == []


def test_who_turns_is_not_taken_to_go_straight_on() -> None:
    radius_m, speed_mps = 15.0, 8.0

    def bend(t: float) -> Pose:
        angle = speed_mps * t / radius_m
        return radius_m * math.sin(angle), radius_m * (1.0 - math.cos(angle)), angle

    # Straight on it would touch the car 7.6 m ahead in 0.45 s; in its bend it passes 1.4 m beside.
    states = drawn_states({1: bend, 2: steady(11.6, 0.0, y=-0.5)}, 2.0)
    assert found("collision", states) == []
    assert found("near_miss", states) == []
    straight = drawn_states({1: steady(0.0, 8.0, y=0.0), 2: steady(11.6, 0.0, y=-0.5)}, 0.5)
    assert found("near_miss", straight)[0].evidence["ttc_s"] == pytest.approx((7.6 - 4.0) / 8.0)


def crossing(start_y: float) -> Drive:
    return lambda t: (0.0, -start_y + 10.0 * t, math.pi / 2)


def test_a_near_miss_has_the_post_encroachment_time() -> None:
    # The first one's rear, 10 t - 22.25, leaves the other's strip (x < 1) after the tick at 2.3 s;
    # the other's front, 10 t - 31.75, comes into that of the first (y > -1) by the one at 3.1 s.
    states = drawn_states({1: steady(-20.25, 10.0, y=0.0), 2: crossing(33.75)}, 5.0)
    (near,) = found("near_miss", states)
    assert ticks(near) == (2.3, 3.1)
    assert near.actor_ids == (2, 1)
    assert near.evidence["pet_s"] == pytest.approx(0.8)
    assert "ttc_s" not in near.evidence
    late = drawn_states({1: steady(-20.25, 10.0, y=0.0), 2: crossing(35.75)}, 5.0)
    assert found("near_miss", late) == []
    (wider,) = found("near_miss", late, near_miss_pet_s=1.5)
    assert wider.evidence["pet_s"] == pytest.approx(1.0)


def test_who_follows_at_half_a_second_encroaches_on_nobody() -> None:
    states = drawn_states({1: steady(0.0, 10.0), 2: steady(-9.0, 10.0)}, 5.0)
    assert found("near_miss", states) == []


def braking(deceleration: float) -> Drive:
    """10 m/s for 2 s, then a constant deceleration to a stop."""

    def drive(t: float) -> Pose:
        slowed = min(max(t - 2.0, 0.0), 10.0 / deceleration)
        x = 10.0 * min(t, 2.0) + 10.0 * slowed - 0.5 * deceleration * slowed**2
        return x, RIGHT_Y, 0.0

    return drive


def test_a_hard_brake_has_its_deceleration() -> None:
    (brake,) = found("hard_brake", drawn_states({1: braking(5.2)}, 6.0))
    assert brake.evidence["deceleration_mps2"] == pytest.approx(5.2)
    assert brake.evidence["from_mps"] == pytest.approx(10.0, abs=0.2)
    start_s, end_s = ticks(brake)
    assert start_s == pytest.approx(2.0, abs=0.1)
    assert end_s == pytest.approx(2.0 + 10.0 / 5.2, abs=0.1)
    assert found("hard_brake", drawn_states({1: braking(4.8)}, 6.0)) == []


@pytest.mark.parametrize(("ticks_against", "events"), [(21, 1), (20, 0)])
def test_driving_against_a_lane_for_a_second_is_the_wrong_way(
    ticks_against: int, events: int
) -> None:
    last_s = (ticks_against - 1) * DT_NS / 1e9

    def drive(t: float) -> Pose:
        return 10.0 * t, -RIGHT_Y if t < last_s + 0.01 else OFF_ROAD_Y, 0.0

    wrong = found("wrong_way", drawn_states({1: drive}, 3.0))
    assert len(wrong) == events
    for event in wrong:
        assert ticks(event) == (0.0, 1.0)
        assert event.evidence["length_m"] == pytest.approx(10.0)
        assert event.evidence["lane_cosine"] == pytest.approx(-1.0)


@pytest.mark.parametrize(("gap_m", "events"), [(14.9, 1), (15.1, 0)])
def test_a_cut_in_has_its_gap(gap_m: float, events: int) -> None:
    def changing(t: float) -> Pose:
        return gap_m + 4.0 + 8.0 * t, -RIGHT_Y if t < 2.99 else RIGHT_Y, 0.0

    cuts = found("cut_in", drawn_states({1: steady(0.0, 8.0), 2: changing}, 5.0))
    assert len(cuts) == events
    for cut in cuts:
        assert ticks(cut) == (1.0, 3.0)
        assert cut.actor_ids == (2, 1)
        assert cut.evidence["gap_m"] == pytest.approx(gap_m)
        assert cut.evidence["headway_s"] == pytest.approx(gap_m / 8.0)


@pytest.mark.parametrize(("stands_s", "events"), [(5.0, 1), (4.95, 0)])
def test_a_stop_on_the_lane_lasts_five_seconds(stands_s: float, events: int) -> None:
    def drive(t: float) -> Pose:
        return 5.0 * max(t - stands_s - 0.01, 0.0), RIGHT_Y, 0.0

    stops = found("stopped_vehicle", drawn_states({1: drive}, 7.0))
    assert len(stops) == events
    for stop in stops:
        assert ticks(stop) == (0.0, 5.0)
        assert stop.evidence["seconds"] == 5.0


def test_who_stands_before_a_junction_or_in_a_queue_has_not_stopped() -> None:
    assert found("stopped_vehicle", drawn_states({1: steady(160.0, 0.0)}, 6.0)) == []
    queue = drawn_states({1: steady(0.0, 0.0), 2: steady(-8.0, 0.0)}, 6.0)
    (first,) = found("stopped_vehicle", queue)
    assert first.actor_ids == (1,)


@pytest.mark.parametrize(("ticks_there", "events"), [(11, 1), (10, 0)])
def test_a_walker_on_the_road_for_half_a_second_jaywalks(ticks_there: int, events: int) -> None:
    def drive(t: float) -> Pose:
        return 0.0, RIGHT_Y if t < (ticks_there - 0.5) * DT_NS / 1e9 else OFF_ROAD_Y, 0.0

    walks = found("jaywalking", drawn_states({}, 2.0, {1: drive}))
    assert len(walks) == events
    for walk in walks:
        assert ticks(walk) == (0.0, 0.5)
    assert found("jaywalking", drawn_states({}, 2.0, {1: steady(102.0, 0.0)})) == []


def test_a_red_light_is_run_when_the_front_is_over_the_line() -> None:
    # The front, 10 t + 2.25, is over the line at 50 m by the tick at 4.8 s, the rear at 5.2 s.
    car = {1: steady(0.25, 10.0)}
    (run,) = found("red_light", drawn_states(car, 7.0, lights=lambda _: [light("red")]))
    assert ticks(run) == (4.8, 5.2)
    assert run.evidence["speed_mps"] == pytest.approx(10.0)
    assert run.evidence["red_for_s"] == pytest.approx(4.8)
    assert run.place == pytest.approx((50.0, RIGHT_Y, 0.0))


def test_a_light_that_is_not_yet_red_or_not_theirs_is_not_run() -> None:
    car = {1: steady(0.25, 10.0)}
    for lights in (
        lambda t: [light("red" if t > 4.79 else "yellow")],
        lambda _: [light("green")],
        lambda _: [light("red", y=-RIGHT_Y)],
        lambda _: [light("red", stop_x=90.0)],
    ):
        assert found("red_light", drawn_states(car, 7.0, lights=lights)) == []
    just_red = drawn_states(car, 7.0, lights=lambda t: [light("red" if t > 4.74 else "yellow")])
    assert found("red_light", just_red)[0].evidence["red_for_s"] == pytest.approx(0.05)


@pytest.mark.parametrize("cars", [0, 1, 2])
def test_few_vehicles_are_no_trouble(cars: int) -> None:
    drives = {i: steady(100.0 * i, 10.0) for i in range(cars)}
    for states in (drawn_states(drives, 2.0), []):
        assert find_incidents(ObservedTraffic.of_states(states, StraightRoad())) == []


def test_who_is_put_elsewhere_has_not_driven_there() -> None:
    states = drawn_states({1: lambda t: (10.0 * t + 100.0 * (t > 1.0), RIGHT_Y, 0.0)}, 3.0)
    assert find_incidents(ObservedTraffic.of_states(states, StraightRoad())) == []


def test_gaps_between_turned_footprints_are_exact() -> None:
    from carla_nurec_bridge.evaluation.footprints import Footprints, gap_m, overlap_m

    one = Footprints(np.zeros((2, 2)), np.zeros(2), (2.0, 1.0))
    other = Footprints(np.array([[6.0, 5.0], [2.5, 0.0]]), np.zeros(2), (2.0, 1.0))
    # Corner to corner: (2, 1) and (4, 4).
    assert gap_m(one, other) == pytest.approx([math.hypot(2.0, 3.0), 0.0])
    assert overlap_m(one, other)[1] == pytest.approx(1.5)
