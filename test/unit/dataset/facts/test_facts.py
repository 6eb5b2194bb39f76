"""Facts of scenarios and clips whose actors, speeds and visible frames are written down."""

from __future__ import annotations

import json
from math import cos, sin

import pytest
from jsonschema import Draft202012Validator
from scripted_dataset import BLUE, DT_NS, EGO, NOON, RED, T0_NS, Part, write_scripted

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.resources import map_file
from carla_nurec_bridge.dataset.facts import SceneFacts, facts_of_camera, facts_of_scenario
from carla_nurec_bridge.dataset.facts.conditions import recorded_conditions
from carla_nurec_bridge.dataset.facts.schema import facts_schema, facts_schema_file
from carla_nurec_bridge.dataset.truth import Event, EventKind
from carla_nurec_bridge.opendrive import lane_pose, parse, read_opendrive
from carla_nurec_bridge.world.object_classes import ObjectClass

CAST = (
    EGO,
    Part(2, paint=RED, seen=(0, 9)),
    Part(3, paint=RED, seen=(5, 29), at=(20.0, 3.5), mps=(10.0, 0.0)),
    Part(4, ObjectClass.BUS, seen=(20, 24), mps=(0.0, 0.0)),
    Part(5, ObjectClass.PEDESTRIAN, seen=(0, 29), mps=(0.0, 1.0)),
    Part(6, ObjectClass.TRUCK, paint=BLUE, seen=(40, 50)),
)


def event(kind: EventKind, *track_ids: int, start: int, end: int, **evidence: float) -> Event:
    return Event(
        event_id=f"{kind}_001",
        kind=kind,
        start_ns=T0_NS + start * DT_NS,
        end_ns=T0_NS + end * DT_NS,
        track_ids=track_ids,
        place_map_m=(0.0, 0.0, 0.0),
        evidence=evidence,
    )


EVENTS = (
    event(EventKind.COLLISION, 2, 3, start=6, end=8),
    event(EventKind.HARD_BRAKE, 6, start=0, end=9, from_mps=20.0, to_mps=10.0),
    event(EventKind.CUT_IN, 3, 1, start=20, end=29, gap_m=7.4),
    event(EventKind.STOPPED_VEHICLE, 2, start=12, end=29, seconds=5.0),
)


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    run = tmp_path_factory.mktemp("facts") / "run"
    return write_scripted(run, CAST, events=EVENTS).scenario("one")


@pytest.fixture(scope="module")
def seen(scenario):
    return facts_of_camera(scenario, "front")


def test_a_camera_counts_who_it_sees_in_all_and_at_once(seen):
    assert (seen.vehicles.total, seen.vehicles.most_at_once, seen.vehicles.least_at_once) == (
        3,
        2,
        1,
    )
    assert {kind.value: count.total for kind, count in seen.counts.items()} == {
        "car": 2,
        "bus": 1,
        "pedestrian": 1,
    }


def test_a_scenario_counts_all_of_them(scenario):
    facts = facts_of_scenario(scenario)
    assert facts.vehicles.total == facts.vehicles.least_at_once == 5
    assert [one.name for one in facts.actors] == [
        "white car",
        "red car",
        "red car",
        "bus",
        "pedestrian",
        "blue truck",
    ]
    assert not any(one.carries_camera for one in facts.actors)


def test_actors_have_the_frames_and_speeds_in_which_they_are_seen(seen):
    assert [one.track_id for one in seen.actors] == [1, 2, 3, 4, 5]
    assert [one.track_id for one in seen.shown()] == [2, 3, 4, 5]
    late = seen.actor(3)
    (span,) = late.spans
    assert (span.start_ns, span.end_ns) == (T0_NS + 5 * DT_NS, T0_NS + 29 * DT_NS)
    assert (late.mean_mps, late.most_mps) == (pytest.approx(10.0), pytest.approx(10.0))
    assert [seen.actor(track).moves for track in (1, 2, 3, 4, 5)] == [True, True, True, False, True]


def test_a_camera_tells_manoeuvres_only_as_far_as_it_sees_them(seen):
    standing = [one for one in seen.manoeuvres if one.kind == "standing"]
    assert [(one.track_id, one.span.start_ns, one.span.end_ns) for one in standing] == [
        (4, T0_NS + 20 * DT_NS, T0_NS + 24 * DT_NS)
    ]


def test_events_are_told_in_words_when_one_of_their_actors_is_seen_then(seen):
    assert [(one.kind.value, one.seen_track_ids) for one in seen.events] == [
        ("collision", (2, 3)),
        ("cut_in", (3, 1)),
    ]
    assert seen.events[0].text == "the red car (track 2) and the red car (track 3) collide"
    assert seen.events[0].plain_text == "one of the two red cars and the other one collide"
    cut_in = "one of the two red cars cuts in 7 m ahead of the car with the camera"
    assert seen.events[1].plain_text == cut_in


def test_speeds_of_events_are_told_in_kmh(scenario):
    texts = [one.plain_text for one in facts_of_scenario(scenario).events]
    assert "the blue truck brakes hard from 72 to 36 km/h" in texts
    assert "one of the two red cars stands on the road for 5 s" in texts


def test_pixels_tell_the_surroundings_and_without_a_map_no_layout(seen):
    assert (seen.place.layout, seen.place.driving_lanes, seen.place.crossing) == (None, None, None)
    assert (seen.place.setting, seen.place.traffic_lights) == ("built_up", False)
    # 8 of 64 rows, less nothing: the cars are below them
    assert seen.place.surfaces["building"] == pytest.approx(8 / 64)
    assert any("map is not known" in note for note in seen.notes)


# In the shipped map road 10 runs along x, and road 11 turns by 45 degrees about its middle.
@pytest.mark.parametrize(("road_id", "layout"), [("10", "straight_road"), ("11", "bend")])
def test_lanes_and_layout_come_from_the_map(tmp_path, road_id, layout):
    opendrive = parse(read_opendrive(map_file("demo_town")), "demo_town")
    road = opendrive.roads[road_id]
    section = road.section_at(road.length / 2)
    x, y, z, heading, _ = (
        float(value[0]) for value in lane_pose(road, section, -1, [road.length / 2])
    )
    car = Part(2, paint=RED, at=(x, y), ground_m=z, mps=(5 * cos(heading), 5 * sin(heading)))
    driven = write_scripted(tmp_path / "driven", (car,), cameras=()).scenario("one")
    facts = facts_of_scenario(driven, opendrive)
    assert facts.actor(2).lanes[0] == f"{road.id}.-1"
    assert facts.place.driving_lanes == 2
    assert facts.place.layout == layout


def test_the_road_that_a_camera_sees_tells_the_layout(tmp_path):
    opendrive = parse(read_opendrive(map_file("demo_town")), "demo_town")
    seen = write_scripted(tmp_path / "run", (Part(2),)).scenario("one")
    assert facts_of_camera(seen, "front", opendrive).place.layout == "intersection", (
        "the camera stands in the origin, where four roads meet"
    )


@pytest.mark.parametrize(
    ("changes", "field", "word"),
    [
        ({"sun_altitude_angle": -30}, "time_of_day", "night"),
        ({"sun_altitude_angle": -3}, "time_of_day", "twilight"),
        ({"sun_altitude_angle": 5}, "time_of_day", "low_sun"),
        ({"sun_altitude_angle": 75}, "time_of_day", "high_sun"),
        ({"cloudiness": 50}, "sky", "partly_cloudy"),
        ({"cloudiness": 100}, "sky", "overcast"),
        ({"precipitation": 80}, "rain", "heavy"),
        ({"fog_density": 60}, "fog", "dense"),
        ({"wetness": 30}, "road", "wet"),
        ({"precipitation_deposits": 60}, "road", "puddles"),
    ],
)
def test_the_recorded_weather_has_words(changes, field, word):
    usual = recorded_conditions(NOON)
    found = recorded_conditions({**NOON, **changes})
    assert getattr(found, field) == word != getattr(usual, field)


@pytest.mark.parametrize("weather", [None, {}, {**NOON, "cloudiness": "much"}])
def test_weather_that_is_not_told_is_null(weather):
    assert recorded_conditions(weather) is None


def test_facts_are_json_by_the_shipped_schema(seen):
    assert json.loads(facts_schema_file().read_text()) == facts_schema(), (
        "run python -m carla_nurec_bridge.dataset.facts.schema"
    )
    written = json.loads(json.dumps(seen.to_json()))
    Draft202012Validator(facts_schema()).validate(written)
    assert SceneFacts.model_validate(written) == SceneFacts.model_validate_json(
        seen.model_dump_json()
    )


def test_a_camera_that_is_not_there_is_told(scenario):
    with pytest.raises(InputError, match="no camera rear; there are: front"):
        facts_of_camera(scenario, "rear")
