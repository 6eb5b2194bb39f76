"""What is against a rule of the road is found again in the states, by the map's own geometry.

On road 10 of demo_town, along x from 18 m to 90 m, traffic drives to the east at y = -1.75 m and
to the west at y = 1.75 m, where light 500 has its stop line at x = 18 m.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from scripted_dataset import DT_NS, T0_NS, Part, write_scripted

from carla_nurec_bridge.core.frames import rigid, rotation_from_rpy
from carla_nurec_bridge.dataset.inspect.answers.events import EVENT_ANSWERS
from carla_nurec_bridge.dataset.inspect.answers.reading import read_question
from carla_nurec_bridge.dataset.inspect.answers.rules import NARROW, RULES, WIDE
from carla_nurec_bridge.dataset.inspect.answers.stored import StoredClip
from carla_nurec_bridge.dataset.marks import MarkWish, mark_camera
from carla_nurec_bridge.dataset.truth import Event, EventKind, MarkLimits, QuestionKind
from carla_nurec_bridge.world.object_classes import ObjectClass

WRONG, PROPER, RUNNER, WALKER, CUTTER, PASSER = 1, 2, 3, 4, 5, 6
WEST_M, EAST_M = 1.75, -1.75


@dataclass(frozen=True)
class Passing(Part):
    """Goes to the east, for the middle second and a half on the other lane."""

    def map_from_box(self, number: int) -> np.ndarray:
        seconds = number * DT_NS / 1e9
        y = np.interp(seconds, (0.4, 0.7, 2.2, 2.5), (EAST_M, WEST_M, WEST_M, EAST_M))
        return rigid(rotation_from_rpy((0, 0, 0)), (22.0 + 10.0 * seconds, y, 0.75))


CAST = (
    Part(WRONG, at=(30.0, WEST_M), mps=(8.0, 0.0)),
    Part(PROPER, at=(44.0, EAST_M), mps=(5.0, 0.0)),
    Part(RUNNER, at=(30.0, WEST_M), mps=(-6.0, 0.0)),
    Part(WALKER, ObjectClass.PEDESTRIAN, at=(75.0, -5.0), mps=(0.0, 1.4)),
    Part(CUTTER, at=(48.0, WEST_M), mps=(10.0, -1.4)),
    Passing(PASSER),
)
TOLD = (
    (EventKind.WRONG_WAY, (WRONG,), (0.0, 2.9)),
    (EventKind.OVERTAKING, (PASSER,), (0.6, 2.3)),
    (EventKind.RED_LIGHT, (RUNNER,), (1.7, 2.4)),
    (EventKind.JAYWALKING, (WALKER,), (1.1, 2.9)),
    (EventKind.CUT_IN, (CUTTER, PROPER), (0.0, 2.5)),
)
ASKED = {
    EventKind.WRONG_WAY: "Does the {} drive against the direction of its lane?",
    EventKind.OVERTAKING: "Does the {} overtake on the lane of oncoming traffic?",
    EventKind.RED_LIGHT: "Does the {} cross the stop line at a red light?",
    EventKind.JAYWALKING: "Does the {} walk on the road away from any crossing?",
    EventKind.CUT_IN: "Does the {} cut in ahead of the {}?",
}


def event(kind, tracks, seconds):
    start_ns, end_ns = (T0_NS + round(1e9 * s) for s in seconds)
    return Event(
        event_id=f"{kind}_001",
        kind=kind,
        start_ns=start_ns,
        end_ns=end_ns,
        track_ids=tracks,
        place_map_m=(0.0, 0.0, 0.0),
        evidence={},
    )


@pytest.fixture(scope="module")
def clip_of(tmp_path_factory):
    """Return what makes the clip of a street with some events in its list and a light's colour."""

    def clip(events, shows="red"):
        run = tmp_path_factory.mktemp("rules") / "run"
        town = {"map_name": "demo_town", "opendrive_sha256": "", "lights": {"500": shows}}
        dataset = write_scripted(run, CAST, events=events, **town)
        scenario = dataset.scenario("one")
        wish = MarkWish(("2d",), MarkLimits(), False)
        mark_camera(dataset, scenario, "front", wish, lambda *_: None)
        return StoredClip(scenario, scenario.marks("front"))

    return clip


@pytest.fixture(scope="module")
def told(clip_of):
    return clip_of([event(*one) for one in TOLD])


@pytest.fixture(scope="module")
def silent(clip_of):
    return clip_of([], shows="green")


@pytest.mark.parametrize(("kind", "tracks", "seconds"), TOLD)
def test_an_event_is_seen_in_the_states_when_it_happens(told, kind, tracks, seconds):
    ((first, last),) = RULES[kind](told, told.roads, tracks, WIDE)
    found_s = [told.seconds(0, number) for number in (first, last)]
    if kind is EventKind.CUT_IN:  # the moment between the lanes
        assert found_s == [pytest.approx(1.3, abs=0.15)] * 2
    else:
        assert found_s[0] == pytest.approx(seconds[0], abs=0.25)


@pytest.mark.parametrize(("kind", "tracks", "seconds"), TOLD)
def test_nobody_else_does_it(told, kind, tracks, seconds):
    others = [(PROPER,), (RUNNER,)] if len(tracks) == 1 else [(PROPER, CUTTER), (WRONG, PROPER)]
    for other in others:
        if other != tracks and kind is not EventKind.JAYWALKING:  # cars may be on the road
            assert RULES[kind](told, told.roads, other, NARROW) == []


def whether(clip, kind, tracks):
    marks = {one.track_id: one for one in clip.mark.values()}
    names = [f"{marks[track].object_class} marked {marks[track].mark}" for track in tracks]
    asked = read_question(QuestionKind.EVENT, ASKED[kind].format(*names))
    return EVENT_ANSWERS[QuestionKind.EVENT](clip, asked)


@pytest.mark.parametrize(("kind", "tracks", "seconds"), TOLD)
def test_an_answer_needs_list_and_states(told, silent, clip_of, kind, tracks, seconds):
    assert whether(told, kind, tracks) == "yes"
    if kind is EventKind.RED_LIGHT:
        assert whether(silent, kind, tracks) == "no"  # at green
        assert whether(clip_of([event(kind, tracks, seconds)], "green"), kind, tracks) is None
    else:
        assert whether(silent, kind, tracks) is None  # it happens, and no event says so


def test_an_event_at_another_time_or_of_another_is_doubted(clip_of):
    early = event(EventKind.JAYWALKING, (WALKER,), (0.0, 0.3))
    other = event(EventKind.WRONG_WAY, (PROPER,), (0.0, 2.9))
    clip = clip_of([early, other])
    assert whether(clip, EventKind.JAYWALKING, (WALKER,)) is None
    assert whether(clip, EventKind.WRONG_WAY, (PROPER,)) is None


def test_whether_who_overtakes_drives_against_its_lane_is_not_clear(told):
    assert whether(told, EventKind.WRONG_WAY, (PASSER,)) is None
    assert whether(told, EventKind.OVERTAKING, (WRONG,)) == "no"
