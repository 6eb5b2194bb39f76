"""Manoeuvres of paths whose shape and speed a formula gives."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from carla_nurec_bridge.core.frames import rigid, rotation_from_rpy
from carla_nurec_bridge.dataset.facts.manoeuvres import manoeuvres_of
from carla_nurec_bridge.dataset.facts.overtaking import overtakings
from carla_nurec_bridge.dataset.facts.paths import NoLanes
from carla_nurec_bridge.evaluation.incidents.actor_paths import ActorPath, paths_of
from carla_nurec_bridge.evaluation.incidents.lanes import LaneAt
from carla_nurec_bridge.world.object_classes import ObjectClass
from carla_nurec_bridge.world.states import Actor, ActorState

DT_S = 0.1
NAN = np.full(3, np.nan)


def path_of(x, y, yaw, *, lanes=None, track=1, kind=ObjectClass.CAR) -> ActorPath:
    """Return the path of a car along arrays of x, y (m) and yaw (rad), a tenth of a second each."""
    actor = Actor(track, "", kind, (4.0, 1.8, 1.5))
    places = zip(*np.broadcast_arrays(x, y, yaw), strict=True)
    states = [
        [ActorState(actor, rigid(rotation_from_rpy((0, 0, c)), (a, b, 0.0)), NAN, NAN, NAN)]
        for a, b, c in places
    ]
    stamps = [round(1e9 * (3.0 + DT_S * number)) for number in range(len(states))]
    (path,) = paths_of(stamps, states, NoLanes() if lanes is None else lanes)
    return path


def seconds(found) -> tuple[float, float]:
    return found.span.start_ns / 1e9 - 3.0, found.span.end_ns / 1e9 - 3.0


def kinds(path: ActorPath) -> list[str]:
    return sorted(str(one.kind) for one in manoeuvres_of(path))


def arc(degrees: float, radius_m: float, mps: float = 5.0) -> tuple[NDArray[np.float64], ...]:
    """Return 2 s straight on, an arc to the left, and 2 s straight on."""
    turn_s = np.radians(degrees) * radius_m / mps
    times = np.arange(0.0, 4.0 + turn_s, DT_S)
    yaw = np.clip((times - 2.0) * mps / radius_m, 0.0, np.radians(degrees))
    x = np.cumsum(mps * DT_S * np.cos(yaw))
    y = np.cumsum(mps * DT_S * np.sin(yaw))
    return x, y, yaw


class Everywhere:
    """One lane everywhere, or the one that ``lane_of`` a position tells."""

    def __init__(self, lane_of) -> None:
        self.lane_of = lane_of

    def at(self, positions):
        return [self.lane_of(position) for position in positions]

    def on_crosswalk(self, position) -> bool:
        return False


def lane(number: int, offset_m: float = 0.0, *, heading=0.0, in_junction=False) -> LaneAt:
    return LaneAt(("7", 0, number), heading, offset_m, in_junction, False)


def test_a_quarter_circle_is_a_turn_to_its_side():
    x, y, yaw = arc(90.0, 8.0)
    (left,) = manoeuvres_of(path_of(x, y, yaw))
    assert left.kind == "turning_left"
    assert left.figures["turned_deg"] == pytest.approx(90.0, abs=1.0)
    assert left.figures["length_m"] == pytest.approx(np.pi / 2 * 8.0, rel=0.06)
    assert seconds(left) == pytest.approx((2.0, 2.0 + np.pi / 2 * 8.0 / 5.0), abs=0.15)
    (right,) = manoeuvres_of(path_of(x, -y, -yaw))
    assert (right.kind, right.figures["turned_deg"]) == (
        "turning_right",
        pytest.approx(-90.0, abs=1.0),
    )


def test_half_a_circle_is_turning_round():
    assert kinds(path_of(*arc(180.0, 7.0))) == ["turning_round"]


@pytest.mark.parametrize(("degrees", "radius_m"), [(30.0, 10.0), (60.0, 60.0)])
def test_a_slight_turn_and_a_wide_bend_are_none(degrees, radius_m):
    assert kinds(path_of(*arc(degrees, radius_m, mps=12.0))) == []


def test_with_a_map_a_bend_of_the_road_is_no_turn():
    bend = Everywhere(lambda _: lane(-1))
    junction = Everywhere(lambda p: lane(-1, in_junction=p[0] > 10.0))
    assert kinds(path_of(*arc(90.0, 8.0), lanes=bend)) == []
    assert kinds(path_of(*arc(90.0, 8.0), lanes=junction)) == ["turning_left"]


def test_stopping_standing_and_starting_follow_each_other():
    # 10 m/s, from 1 s on 4 m/s² down to 0, from 6 s on 2 m/s² up to 6 m/s
    times = np.arange(0.0, 10.0, DT_S)
    speed = np.where(times < 5.0, np.clip(10.0 - 4.0 * (times - 1.0), 0, 10), 0.0)
    speed = np.where(times > 6.0, np.clip(2.0 * (times - 6.0), 0, 6), speed)
    found = {one.kind.value: one for one in manoeuvres_of(path_of(np.cumsum(speed * DT_S), 0, 0))}
    assert set(found) == {"braking", "stopping", "standing", "starting"}
    assert seconds(found["braking"]) == pytest.approx((1.0, 3.5), abs=0.15)
    assert found["braking"].figures == {
        "from_mps": pytest.approx(10.0),
        "to_mps": pytest.approx(0.0, abs=0.4),
    }
    assert seconds(found["standing"]) == pytest.approx((3.5, 6.0), abs=0.15)
    assert seconds(found["stopping"])[1] == seconds(found["standing"])[0]
    assert found["stopping"].figures["from_mps"] == pytest.approx(10.0)
    assert seconds(found["starting"]) == pytest.approx((6.0, 9.0), abs=0.15)


def test_letting_it_roll_is_no_braking():
    times = np.arange(0.0, 6.0, DT_S)
    assert kinds(path_of(np.cumsum((12.0 - 1.5 * times) * DT_S), 0, 0)) == []


def lane_change(stays_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    times = np.arange(0.0, 4.0 + stays_s, DT_S)
    return 10.0 * times, 3.5 * np.clip((times - 2.0) / 2.0, 0.0, 1.0)


def three_and_a_half(position) -> LaneAt:
    """Lanes 3.5 m wide along x: -2 about y = 0, -1 about y = 3.5."""
    y = float(position[1])
    return lane(-1, y - 3.5) if y > 1.75 else lane(-2, y)


def test_a_change_of_lane_lasts_from_one_middle_to_the_other():
    x, y = lane_change(2.0)
    (found,) = manoeuvres_of(path_of(x, y, 0, lanes=Everywhere(three_and_a_half)))
    assert found.kind == "changing_lane_left"
    assert found.figures["crosses_after_s"] == pytest.approx(0.9, abs=0.25)
    assert seconds(found) == pytest.approx((2.15, 3.85), abs=0.2)
    mirrored = Everywhere(lambda p: lane(2, p[1]) if p[1] > -1.75 else lane(3, p[1] + 3.5))
    assert kinds(path_of(x, -y, 0, lanes=mirrored)) == ["changing_lane_right"]


def test_swerving_and_crossing_to_oncoming_lanes_are_no_changes_of_lane():
    times = np.arange(0.0, 6.0, DT_S)
    swerve = 2.2 * np.exp(-(((times - 3.0) / 0.4) ** 2))
    path = path_of(10.0 * times, swerve, 0, lanes=Everywhere(three_and_a_half))
    assert kinds(path) == []

    def oncoming(position) -> LaneAt:
        y = float(position[1])
        return lane(1, 3.5 - y, heading=np.pi) if y > 1.75 else lane(-1, y)

    x, y = lane_change(2.0)
    assert kinds(path_of(x, y, 0, lanes=Everywhere(oncoming))) == []


def test_a_walker_crosses_where_it_goes_across_driving_lanes():
    road = Everywhere(lambda p: lane(-1, float(p[1])) if abs(p[1]) < 3.5 else None)
    times = np.arange(0.0, 8.0, DT_S)
    walker = path_of(0, -6.0 + 1.5 * times, np.pi / 2, lanes=road, kind=ObjectClass.PEDESTRIAN)
    (found,) = manoeuvres_of(walker)
    assert found.kind == "crossing_road"
    assert found.figures["across_m"] == pytest.approx(7.0, abs=0.3)
    assert seconds(found) == pytest.approx((2.5 / 1.5, 9.5 / 1.5), abs=0.15)
    along = path_of(1.5 * times, 2.0, 0, lanes=road, kind=ObjectClass.PEDESTRIAN)
    assert kinds(along) == []


def test_who_goes_past_a_moving_car_overtakes_it():
    times = np.arange(0.0, 10.0, DT_S)
    slow = path_of(5.0 * times + 20.0, 0, 0, track=1)
    fast = path_of(10.0 * times, 3.5, 0, track=2)
    (found,) = overtakings([slow, fast])
    assert (found.kind, found.track_id, found.other_track_id) == ("overtaking", 2, 1)
    # from 4 m behind to 4 m before its middle, at 5 m/s more
    assert seconds(found) == pytest.approx((3.2, 4.8), abs=0.11)


@pytest.mark.parametrize(
    ("mps", "aside_m", "yaw"), [(0.0, 3.5, 0.0), (5.0, 9.0, 0.0), (5.0, 3.5, np.pi)]
)
def test_passing_one_who_stands_is_far_aside_or_comes_towards_is_no_overtaking(mps, aside_m, yaw):
    times = np.arange(0.0, 10.0, DT_S)
    other = path_of(mps * np.cos(yaw) * times + 20.0, 0, yaw, track=1)
    assert not list(overtakings([other, path_of(10.0 * times, aside_m, 0, track=2)]))
