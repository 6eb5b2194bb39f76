"""Events of drives drawn by hand: to the tick, all of them, and only those of the window."""

from __future__ import annotations

import pytest
from drawn_drives import T0_NS, StraightRoad, drawn_states, steady

from carla_nurec_bridge.dataset.events import find_events, hard_negatives
from carla_nurec_bridge.dataset.truth import Event, EventKind
from carla_nurec_bridge.world.states import WorldState

ROAD = StraightRoad()
TRACKS = {actor_id: actor_id + 100 for actor_id in range(1, 20)}


def three_crashes() -> list[WorldState]:
    cars = {1: steady(20.0, 4.0), 2: steady(0.0, 10.0)}
    cars |= {3: steady(120.0, 4.0), 4: steady(100.0, 10.0)}
    cars |= {5: steady(-80.0, 4.0), 6: steady(-99.4, 10.0)}
    return drawn_states(cars, 6.0)


def test_events_have_stamps_of_ticks_track_ids_places_and_figures() -> None:
    hits = find_events(three_crashes(), ROAD, TRACKS)
    assert [hit.event_id for hit in hits] == ["collision_001", "collision_002", "collision_003"]
    assert [hit.start_ns - T0_NS for hit in hits] == [2_600_000_000, 2_700_000_000, 2_700_000_000]
    assert [hit.track_ids for hit in hits] == [(106, 105), (102, 101), (104, 103)]
    assert all(hit.lane == "1/-1" for hit in hits)
    assert hits[1].place_map_m == pytest.approx((28.9, -1.75, 0.75))
    assert hits[1].evidence["closing_mps"] == pytest.approx(6.0)
    assert Event.model_validate_json(hits[1].model_dump_json()) == hits[1]


def test_nothing_outside_the_frames_is_an_event() -> None:
    states = three_crashes()
    for window in (states[:52], states[80:]):
        kinds = {event.kind for event in find_events(window, ROAD, TRACKS)}
        assert EventKind.COLLISION not in kinds
    (first,) = find_events(states[:53], ROAD, TRACKS)[-1:]
    assert (first.kind, first.start_ns) == (EventKind.COLLISION, states[52].stamp_ns)


def test_who_has_no_track_takes_part_in_no_event() -> None:
    tracks = {key: TRACKS[key] for key in (1, 2, 3)}
    assert [x.track_ids for x in find_events(three_crashes(), ROAD, tracks)] == [(102, 101)]


def negatives(states: list[WorldState], seed: int, each: int = 1) -> tuple[Event, ...]:
    events = find_events(states, ROAD, TRACKS)
    return hard_negatives(states, ROAD, TRACKS, events, seed=seed, each=each)


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
    hit = {frozenset(event.track_ids) for event in find_events(states, ROAD, TRACKS)}
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
