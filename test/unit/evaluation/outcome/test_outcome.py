"""Expected outcomes on constructed drives: every kind violated once, and how time is treated."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from judged_drives import ROUTE, judged, named, only
from PIL import Image
from pydantic import TypeAdapter, ValidationError
from scored_drives import (
    LEFT_Y,
    RIGHT_Y,
    T0_NS,
    Drive,
    Other,
    light,
    scored_states,
    steady,
    still,
    straight_text,
)

from carla_nurec_bridge.evaluation.conditions import CONDITION_KINDS, AnyCondition
from carla_nurec_bridge.recording.read_back.drive import BagDrive
from carla_nurec_bridge.report import paint
from carla_nurec_bridge.report.scenario_picture import write_scenario_picture
from carla_nurec_bridge.world.object_classes import ObjectClass
from carla_nurec_bridge.world.states import WorldState

CAR, WALKER = ObjectClass.CAR, ObjectClass.PEDESTRIAN
ALONG = steady(10.0, 10.0)
BOX = {"type": "position", "x_m": 30.0, "y_m": RIGHT_Y}


def drive(
    ego: Drive = ALONG,
    others: dict[int, Other] | None = None,
    names: dict[int, str] | None = None,
    seconds: float = 4.0,
    red: bool = False,
) -> list[WorldState]:
    """Return a drive of 4 s at 20 Hz; the ego's middle begins at x = 10 m with 10 m/s."""
    lights = (lambda _: (light("red", 30.0),)) if red else (lambda _: ())
    states = scored_states(ego, seconds, others, lights, velocities=True)
    return named(states, names or {})


def braking(speed_mps: float, mps2: float, at_s: float) -> Drive:
    """Drive along x from 10 m, and brake to a stand from ``at_s`` on."""

    def at(t: float) -> tuple[float, float, float]:
        braked = min(max(t - at_s, 0.0), speed_mps / mps2)
        x = 10.0 + speed_mps * (min(t, at_s) + braked) - 0.5 * mps2 * braked**2
        return x, RIGHT_Y, 0.0

    return at


def swerving(t: float) -> tuple[float, float, float]:
    """Move over to the oncoming lane between 1 s and 3 s."""
    y = RIGHT_Y + (LEFT_Y - RIGHT_Y) * min(max((t - 1.0) / 2.0, 0.0), 1.0)
    return 10.0 + 10.0 * t, y, 0.0


STANDING_CHILD = {24: (WALKER, still(30.0))}
SLOW_CAR = {7: (CAR, steady(30.0, 4.0))}
CHILD, LEADER = {24: "child"}, {7: "leader"}

# The ego is 4 m long and 2 m wide; see scored_drives for the others. Times follow from 10 m/s:
# its front is 12 m from the origin at first, a child's back at 29.75 m, a car's at 28 m.
VIOLATED: dict[str, tuple[dict[str, Any], list[WorldState], float, str]] = {
    "collision": (
        {"type": "collision", "with": ["pedestrian"], "holds": "never"},
        drive(others=STANDING_CHILD, names=CHILD),
        1.80,
        "at 1.80 s the ego touched child (pedestrian 24) at 10.0 m/s, at (28.0, -1.8)",
    ),
    "speed": (
        {"type": "speed", "below_mps": 9.0, "holds": "always", "after_s": 1.0},
        drive(),
        1.0,
        (
            "at 1.00 s the ego drove 10.0 m/s, at (20.0, -1.8); expected always: the speed of the "
            "ego is below 9 m/s"
        ),
    ),
    "deceleration": (
        {"type": "deceleration", "above_mps2": 6.0, "holds": "never"},
        drive(braking(10.0, 8.0, 1.0)),
        1.05,
        "at 1.05 s the ego braked at 8.0 m/s², at (20.5, -1.8)",
    ),
    "acceleration": (
        {"type": "acceleration", "below_mps2": -6.0, "holds": "never"},
        drive(braking(10.0, 8.0, 1.0)),
        1.05,
        "at 1.05 s the ego accelerated by -8.0 m/s², at (20.5, -1.8)",
    ),
    "standstill": (
        {"type": "standstill", "for_s": 1.0, "holds": "never"},
        drive(braking(10.0, 10.0, 1.0)),
        3.0,
        "at 3.00 s the ego had stood for 1.0 s, at (25.0, -1.8)",
    ),
    "travelled": (
        {"type": "travelled", "at_least_m": 50.0, "within_s": 3.0},
        drive(),
        3.0,
        (
            "until 3.00 s it never came true that the ego comes at least 50 m; nearest to it: at "
            "3.00 s the ego had come 30.0 m, at (40.0, -1.8)"
        ),
    ),
    "distance": (
        {"type": "distance", "to": "leader", "above_m": 5.0, "holds": "always"},
        drive(others=SLOW_CAR, names=LEADER),
        1.85,
        (
            "at 1.85 s the ego was 4.9 m from leader (car 7), at (28.5, -1.8); expected always: "
            "the distance of the ego to leader is above 5 m"
        ),
    ),
    "time_to_collision": (
        {"type": "time_to_collision", "to": "leader", "below_s": 1.5, "holds": "never"},
        drive(others=SLOW_CAR, names=LEADER),
        1.2,
        "at 1.20 s the ego would have touched leader (car 7) in 1.47 s, at (22.0, -1.8)",
    ),
    "headway": (
        {"type": "headway", "to": "leader", "below_s": 0.5, "holds": "never"},
        drive(others=SLOW_CAR, names=LEADER),
        1.85,
        "at 1.85 s the ego was 0.49 s behind leader (car 7), at (28.5, -1.8)",
    ),
    "relative_speed": (
        {"type": "relative_speed", "to": "leader", "above_mps": 5.0, "holds": "at_end"},
        drive(braking(10.0, 2.0, 1.0), SLOW_CAR, LEADER),
        4.0,
        (
            "at 4.00 s the ego was 0.0 m/s faster than leader (car 7), at (41.0, -1.8); expected "
            "at the end: how much faster the ego is than leader is above 5 m/s"
        ),
    ),
    "in_box": (
        {"type": "in_box", "place": BOX, "length_m": 4.0, "width_m": 3.0, "holds": "at_end"},
        drive(),
        4.0,
        (
            "at 4.00 s the ego was 20.0 m from the box's middle, at (50.0, -1.8); expected at the "
            "end: the ego is in the box of 4 m by 3 m at (30.0, -1.8)"
        ),
    ),
    "route_end": (
        {"type": "route_end", "within_m": 5.0},
        drive(),
        4.0,
        (
            "until 4.00 s it never came true that the ego reaches the end of its route; nearest to "
            "it: at 4.00 s the ego was 68.0 m before the end of its route, at (50.0, -1.8)"
        ),
    ),
    "route_at": (
        {"type": "route_at", "at_least_m": 60.0, "within_s": 2.0},
        drive(),
        2.0,
        (
            "until 2.00 s it never came true that the ego reaches 60 m of its route; nearest to "
            "it: at 2.00 s the ego was 88.0 m before the end of its route, at (30.0, -1.8)"
        ),
    ),
    "in_lane": (
        {"type": "in_lane", "road": "1", "lane": -1, "holds": "always"},
        drive(swerving),
        2.05,
        (
            "at 2.05 s the ego was on lane 1.1, at (30.5, 0.1); expected always: the ego is on "
            "lane 1.-1"
        ),
    ),
    "lane_left": (
        {"type": "lane_left", "holds": "never"},
        drive(swerving),
        2.05,
        "at 2.05 s the ego left lane 1.-1 for lane 1.1, at (30.5, 0.1)",
    ),
    "off_road": (
        {"type": "off_road", "by_m": 0.2, "holds": "never"},
        drive(lambda t: (10.0 + 10.0 * t, RIGHT_Y - 2.5 * t, 0.0)),
        1.8,
        "at 1.80 s the ego was 0.25 m off the road, at (28.0, -6.2)",
    ),
    "end_of_road": (
        {"type": "end_of_road", "holds": "never"},
        drive(lambda t: (10.0 + 10.0 * t, RIGHT_Y - 2.5 * t, 0.0)),
        2.15,
        "at 2.15 s the ego was on no driving lane, at (31.5, -7.1)",
    ),
    "red_light": (
        {"type": "red_light", "holds": "never"},
        drive(red=True),
        2.2,
        "at 2.20 s the ego passed a stop line at red with 10.0 m/s, at (30.0, -1.8)",
    ),
    "stop_sign": (
        {"type": "stop_sign", "holds": "never"},
        drive(),
        2.05,
        "at 2.05 s the ego left a stop sign with 10.0 m/s and had not stood, at (30.0, -1.8)",
    ),
    "time": (
        {"type": "time", "at_least_s": 9.0},
        drive(),
        4.0,
        "until 4.00 s it never came true that 9 s have passed",
    ),
    "step": (
        {"type": "step", "of": "leader", "step": "brakes"},
        drive(),
        4.0,
        "until 4.00 s it never came true that leader has done the step brakes",
    ),
    "all": (
        {"type": "all", "of": [{"type": "speed", "above_mps": 5}, {"type": "standstill"}]}
        | {"holds": "at_end"},
        drive(),
        4.0,
        (
            "at 4.00 s the ego drove 10.0 m/s, at (50.0, -1.8); expected at the end: the speed of "
            "the ego is above 5 m/s and the ego stands"
        ),
    ),
    "any": (
        {"type": "any", "holds": "never"}
        | {"of": [{"type": "standstill"}, {"type": "time", "at_least_s": 3}]},
        drive(),
        3.0,
        "at 3.00 s 3.00 s had passed, at (40.0, -1.8)",
    ),
    "not": (
        {"type": "not", "of": {"type": "speed", "above_mps": 5}, "holds": "at_end"},
        drive(),
        4.0,
        (
            "at 4.00 s the ego drove 10.0 m/s, at (50.0, -1.8); expected at the end: it is not so "
            "that the speed of the ego is above 5 m/s"
        ),
    ),
}


@pytest.mark.parametrize("kind", CONDITION_KINDS)
def test_every_kind_violated_says_what_happened(kind: str) -> None:
    outcome, states, time_s, sentence = VIOLATED[kind]
    verdict = judged(outcome, states)
    condition = only(verdict)
    assert condition.sentence == sentence
    assert (verdict.status, condition.status) == ("failed", "failed")
    if kind not in ("time", "step"):
        assert condition.time_s == pytest.approx(time_s)
        assert condition.place_m is not None
    assert sentence in verdict.sentence


@pytest.mark.parametrize("kind", CONDITION_KINDS)
def test_every_kind_violated_has_its_picture(kind: str, tmp_path: Path) -> None:
    outcome, states, time_s, _ = VIOLATED[kind]
    verdict = judged(outcome, states)
    bag = BagDrive(tuple(states), ROUTE, straight_text(stop_at_m=30.0), None, {}, {})
    assert write_scenario_picture(tmp_path / "scenario.png", verdict, bag)
    picture = np.asarray(Image.open(tmp_path / "scenario.png").convert("RGB")).astype(int)
    assert picture.shape == (720, 720, 3)
    then = min(states, key=lambda s: abs(s.stamp_ns - T0_NS - time_s * 1e9))
    middle = only(verdict).place_m or then.ego.map_from_base[:3, 3]

    def shows(at: np.ndarray, colour: tuple[int, int, int]) -> bool:
        """Say whether a colour is within 3 pixels of a place of the map: 720 pixels are 56 m."""
        column, row = (360 + (at[:2] - middle[:2]) * (1, -1) * 720 / 56).round().astype(int)
        seen = picture[row - 3 : row + 4, column - 3 : column + 4]
        return bool((np.abs(seen - colour).sum(axis=2) < 30).any())

    length_m = then.ego.box.size_m[0]
    for end in (-0.5, 0.5):  # its box lies around where it was
        assert shows((then.ego.box.map_from_box @ (end * length_m, 1.0, 0, 1))[:2], paint.EGO)
    for one in then.actors:
        involved = one.actor.id in only(verdict).actors
        assert shows(one.map_from_box[:2, 3], paint.CRASH) is involved
    if kind == "red_light":
        assert shows(np.array([30.0, RIGHT_Y + 1.4]), paint.CRASH)
    assert (picture[40:60, 14:700].max(axis=(0, 2)) > 200).sum() > 100, "the sentence"


def test_a_collision_names_the_others_and_its_numbers() -> None:
    outcome, states, *_ = VIOLATED["collision"]
    condition = only(judged(outcome, states))
    assert condition.actors == (24,)
    assert condition.figures == {"speed_mps": 10.0, "closing_mps": 10.0}
    assert judged({**outcome, "with": ["vehicle"]}, states).status == "passed"
    assert judged({**outcome, "with": ["child"]}, states).status == "failed"


@pytest.mark.parametrize(
    ("times", "status"),
    [
        ({}, "passed"),
        ({"within_s": 1.0}, "failed"),
        ({"after_s": 2.5}, "failed"),
        ({"holds": "never"}, "failed"),
        ({"holds": "never", "after_s": 2.5}, "passed"),
        ({"holds": "never", "within_s": 1.0}, "passed"),
        ({"holds": "always"}, "failed"),
        ({"holds": "always", "after_s": 1.5, "within_s": 1.9}, "passed"),
        ({"holds": "at_end"}, "failed"),
        ({"holds": "at_end", "within_s": 1.7}, "passed"),
    ],
)
def test_a_condition_holds_when_its_times_say(times: dict[str, Any], status: str) -> None:
    # The box reaches from x = 24 m to 30 m, so the ego's middle is in it from 1.4 s to 2 s.
    outcome = {"type": "in_box", "place": {**BOX, "x_m": 27.0}, "length_m": 6.0, "width_m": 3.0}
    assert judged({**outcome, **times}, drive()).status == status


def test_a_drive_cut_short_is_undecided_unless_it_is_decided() -> None:
    never = {"type": "collision", "holds": "never"}
    verdict = judged(never, drive(), whole=False)
    assert verdict.status == "undecided"
    assert "ended before it was known" in only(verdict).sentence
    touched = drive(others=STANDING_CHILD)
    assert judged(never, touched, whole=False).status == "failed"
    assert judged({"type": "time", "at_least_s": 1.0}, drive(), whole=False).status == "passed"


@pytest.mark.parametrize(
    ("kind", "parts", "status"),
    [
        ("all", ("passed", "failed"), "failed"),
        ("all", ("passed", "undecided"), "undecided"),
        ("all", ("failed", "undecided"), "failed"),
        ("any", ("passed", "undecided"), "passed"),
        ("any", ("failed", "undecided"), "undecided"),
        ("any", ("failed", "failed"), "failed"),
    ],
)
def test_a_tree_follows_three_valued_logic(kind: str, parts: tuple[str, str], status: str) -> None:
    leaves = {
        "passed": {"type": "time", "at_least_s": 1.0},
        "failed": {"type": "speed", "above_mps": 20.0, "within_s": 1.0},
        "undecided": {"type": "collision", "holds": "never"},
    }
    outcome = {"type": kind, "of": [leaves[part] for part in parts]}
    verdict = judged(outcome, drive(seconds=2.0), whole=False)
    assert verdict.status == status
    if status != "undecided":
        turned = judged({"type": "not", "of": outcome}, drive(seconds=2.0), whole=False)
        assert {status, turned.status} == {"passed", "failed"}
        # Beneath a not, what was expected not to be is told as failed where it was.
        statuses = {one.status for one in turned.conditions}
        assert turned.status in statuses


def test_a_verdict_does_not_change_once_it_is_known() -> None:
    states = drive(others=STANDING_CHILD, names=CHILD)
    verdict = judged({"type": "collision", "holds": "never"}, states)
    assert verdict.time_s == pytest.approx(1.8)
    assert math.isclose(only(verdict).stamp_ns - states[0].stamp_ns, 1.8e9)


@pytest.mark.parametrize("holds", ["once", "never", "always", "at_end"])
@pytest.mark.parametrize(
    "what", [{"type": "distance", "to": "leader", "below_m": 9}, {"type": "collision"}]
)
def test_who_is_never_there_lets_nothing_pass(what: dict[str, Any], holds: str) -> None:
    outcome = {"with": ["leader"]} if what["type"] == "collision" else {}
    condition = only(judged({**what, **outcome, "holds": holds}, drive()))
    assert condition.status == "failed"
    assert "leader was not there" in condition.sentence


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        ({"type": "speed"}, "give above_mps or below_mps"),
        ({"type": "collision", "after_s": 3.0, "within_s": 2.0}, "after_s must be before within_s"),
        (
            {"type": "all", "holds": "never", "of": [{"type": "standstill", "within_s": 3.0}]},
            "give them once",
        ),
        ({"type": "crash"}, "does not match any of the expected tags"),
        ({"type": "all", "of": []}, "at least 1 item"),
    ],
)
def test_an_outcome_that_says_nothing_sensible_is_refused(outcome: Any, text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        TypeAdapter(AnyCondition).validate_python(outcome)
