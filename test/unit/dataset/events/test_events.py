"""Events of drives drawn by hand: to the tick, all of them, and only those of the window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from drawn_drives import DT_NS, T0_NS, StraightRoad, drawn_states, steady
from PIL import Image

from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.dataset.events import find_events, hard_negatives
from carla_nurec_bridge.dataset.store import Dataset, RunWriter, ScenarioWriter
from carla_nurec_bridge.dataset.store.manifest import ScenarioEntry
from carla_nurec_bridge.dataset.truth import (
    ActorTruth,
    Event,
    EventKind,
    FrameState,
    RigidTransform,
    ScenarioTruth,
    TrackState,
)
from carla_nurec_bridge.evaluation.incidents.traffic import ObservedTraffic
from carla_nurec_bridge.opendrive import parse
from carla_nurec_bridge.opendrive.signals import lane_light
from carla_nurec_bridge.opendrive.stops import stop_lines
from carla_nurec_bridge.world.object_classes import ObjectClass
from carla_nurec_bridge.world.states import WorldState

ROAD = StraightRoad()
TRACKS = {actor_id: actor_id + 100 for actor_id in range(1, 20)}


def traffic(states: list[WorldState]) -> ObservedTraffic:
    return ObservedTraffic.of_states(states, ROAD)


def three_crashes() -> list[WorldState]:
    cars = {1: steady(20.0, 4.0), 2: steady(0.0, 10.0)}
    cars |= {3: steady(120.0, 4.0), 4: steady(100.0, 10.0)}
    cars |= {5: steady(-80.0, 4.0), 6: steady(-99.4, 10.0)}
    return drawn_states(cars, 6.0)


def test_events_have_stamps_of_ticks_track_ids_places_and_figures() -> None:
    hits = find_events(traffic(three_crashes()), TRACKS)
    assert [hit.event_id for hit in hits] == ["collision_001", "collision_002", "collision_003"]
    assert [hit.start_ns - T0_NS for hit in hits] == [2_600_000_000, 2_700_000_000, 2_700_000_000]
    assert [hit.track_ids for hit in hits] == [(106, 105), (102, 101), (104, 103)]
    assert all(hit.lane == "1.-1" for hit in hits)
    assert hits[1].place_map_m == pytest.approx((28.9, -1.75, 0.75))
    assert hits[1].evidence["closing_mps"] == pytest.approx(6.0)
    assert Event.model_validate_json(hits[1].model_dump_json()) == hits[1]


def test_nothing_outside_the_frames_is_an_event() -> None:
    states = three_crashes()
    for window in (states[:52], states[80:]):
        kinds = {event.kind for event in find_events(traffic(window), TRACKS)}
        assert EventKind.COLLISION not in kinds
    (first,) = find_events(traffic(states[:53]), TRACKS)[-1:]
    assert (first.kind, first.start_ns) == (EventKind.COLLISION, states[52].stamp_ns)


def test_who_has_no_track_takes_part_in_no_event() -> None:
    tracks = {key: TRACKS[key] for key in (1, 2, 3)}
    assert [x.track_ids for x in find_events(traffic(three_crashes()), tracks)] == [(102, 101)]


def negatives(states: list[WorldState], seed: int, each: int = 1) -> tuple[Event, ...]:
    events = find_events(traffic(states), TRACKS)
    return hard_negatives(traffic(states), TRACKS, events, seed=seed, each=each)


@pytest.mark.parametrize("cars", [0, 1, 2])
def test_few_vehicles_give_few_negatives(cars: int) -> None:
    states = drawn_states({i: steady(14.0 * i, 10.0) for i in range(1, cars + 1)}, 2.0)
    found = negatives(states, 0)
    assert len(found) == (cars == 2)
    for negative in found:
        # They follow each other 14 m apart, and are 4 m long.
        assert negative.evidence["distance_m"] == pytest.approx(10.0)
        assert (negative.kind, negative.negative_of) == (EventKind.NORMAL, EventKind.CUT_IN)
        assert negative.difficulty == pytest.approx(1.0 - 10.0 / 50.0)
        assert negative.start_ns >= T0_NS


def test_a_pair_with_an_event_is_no_negative() -> None:
    cars = {1: steady(20.0, 4.0), 2: steady(0.0, 10.0), 3: steady(-40.0, 8.0)}
    states = drawn_states(cars, 3.0)
    hit = {frozenset(event.track_ids) for event in find_events(traffic(states), TRACKS)}
    found = negatives(states, 1, each=4)
    assert found
    assert all(frozenset(negative.track_ids) not in hit for negative in found)
    pairs = [frozenset(negative.track_ids) for negative in found]
    assert len(set(pairs)) == len(pairs)


def test_crossing_pairs_are_told_by_their_encroachment() -> None:
    cars = {
        1: steady(-20.25, 10.0, y=0.0),
        2: lambda t: (0.0, -48.75 + 10.0 * t, 1.5707963),
    }
    (found,) = negatives(drawn_states(cars, 6.0), 0)
    # One leaves after 2.3 s, the other's front is there by 4.6 s.
    assert found.negative_of == EventKind.NEAR_MISS
    assert found.evidence["pet_s"] == pytest.approx(2.3)
    assert found.difficulty == pytest.approx(1.0 - 2.3 / 5.0)
    assert (found.start_ns - T0_NS, found.end_ns - T0_NS) == (2_300_000_000, 4_600_000_000)


def test_the_seed_alone_draws_the_negatives() -> None:
    states = drawn_states({i: steady(9.0 * i, 10.0) for i in range(1, 12)}, 2.0)
    assert negatives(states, 3, each=2) == negatives(states, 3, each=2)
    drawn = {repr(negatives(states, seed, each=2)) for seed in range(6)}
    assert len(drawn) > 1


def test_the_hardest_are_drawn_from() -> None:
    gaps = {1: 0.0, 2: 10.0, 3: 25.0, 4: 45.0, 5: 70.0}
    states = drawn_states({i: steady(x, 10.0) for i, x in gaps.items()}, 2.0)
    for seed in range(8):
        (lane, close) = negatives(states, seed)
        assert {frozenset(x.track_ids) for x in (lane, close)} <= {
            frozenset((101, 102)),
            frozenset((102, 103)),
            frozenset((103, 104)),
        }


def test_a_data_set_gets_its_events(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A car runs a red light of the demo's town, frame by frame in a stored scenario."""
    run = tmp_path / "run"
    opendrive = parse(config_path("maps", "demo_town.xodr").read_text(), "demo_town")
    line = next(x for lines in stop_lines(opendrive).values() for x in lines)
    light = lane_light(opendrive, line)
    writer, scenario = RunWriter(run, ("test",), None), ScenarioWriter(run, "red")
    stop, along = light.stop, light.map_from_area[:3, 0]
    for number in range(40):
        # The front, 2.2 m ahead, is 9.8 m before the line at first and half a metre nearer a frame.
        pose = light.map_from_area.copy()
        pose[:3, 3] = stop + (0.5 * number - 12.0) * along + (0.0, 0.0, 0.8)
        there = TrackState(
            track_id=1,
            map_from_box=RigidTransform.of(pose),
            velocity_map_mps=None,
            angular_map_radps=None,
            acceleration_map_mps2=None,
        )
        state = FrameState(
            number=number,
            stamp_ns=T0_NS + number * DT_NS,
            source_frame=number,
            lights={light.signal_id: "red"},
            actors=(there,),
        )
        scenario.add(state, ())
    car = ActorTruth(
        track_id=1,
        actor_id=9,
        recorded_id=None,
        pixel_id=9,
        object_class=ObjectClass.CAR,
        blueprint="",
        role_name="",
        colour_rgb=None,
        size_m=(4.4, 2.0, 1.5),
        is_ego=False,
    )
    truth = ScenarioTruth(
        name="red",
        map_name="demo_town",
        opendrive_sha256="",
        weather=None,
        dt_ns=DT_NS,
        t0_ns=T0_NS,
        frames=40,
        cameras=(),
        actors=(car,),
        source={},
    )
    hashes = scenario.finish(truth, ())
    scenario.close()
    writer.finish(scenario.part, "red", "key", ScenarioEntry(frames=40, cameras=()), hashes)
    assert main(["dataset", "events", str(run)]) == 0
    assert "red light" in capsys.readouterr().out
    (event,) = Dataset(run).scenario("red").events()
    assert (event.kind, event.track_ids) == (EventKind.RED_LIGHT, (1,))
    # 19.6 steps of half a metre: the twentieth frame; 10 m/s.
    assert event.start_ns == T0_NS + 20 * DT_NS
    assert event.evidence["speed_mps"] == pytest.approx(10.0)
    assert main(["dataset", "check", str(run)]) == 0
    assert main(["dataset", "events", str(run), "--picture"]) == 0
    drawn = run / "red" / "events" / "red_light_001.png"
    pixels = np.array(Image.open(drawn)).astype(int)
    red = pixels[..., 0] - pixels[..., 1] > 60
    # The middle of the picture is the stop line; the car, 44 by 20 pixels, stands half over it.
    assert red[310:330, 310:330].any()
    assert 0.9 * 44 * 20 < red.sum() < 1.2 * 44 * 20
    assert main(["dataset", "check", str(run)]) == 0
    assert main(["dataset", "events", str(run)]) == 0
    assert not drawn.exists()
    assert main(["dataset", "check", str(run)]) == 0
