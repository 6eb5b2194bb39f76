"""Who is who by kind, size and place."""

from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.world.identity import Seen, pair

CAR, TRUCK = "vehicle.audi.tt", "vehicle.carlamotors.firetruck"


def test_numbers_say_nothing() -> None:
    ours = [(7, Seen(CAR, (0.0, 0.0))), (8, Seen(TRUCK, (9.0, 0.0)))]
    theirs = [(8, Seen(CAR, (0.01, 0.0))), (7, Seen(TRUCK, (9.0, 0.02)))]
    assert pair(ours, theirs) == {7: 8, 8: 7}


@pytest.mark.parametrize("seed", range(5))
def test_any_order_of_a_crowd_is_undone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    places = [(0.6 * k, 3.0 * (k % 3)) for k in range(40)]
    order = rng.permutation(40).tolist()
    ours = [(k, Seen(CAR, place)) for k, place in enumerate(places)]
    theirs = [(100 + k, Seen(CAR, (places[k][0] + 0.05, places[k][1]))) for k in order]
    assert pair(ours, theirs) == {k: 100 + k for k in range(40)}


def test_two_neighbours_of_one_kind_are_told_apart_together() -> None:
    """The nearest pair alone would leave the other two apart."""
    ours = [("a", Seen(CAR, (0.0, 0.0))), ("b", Seen(CAR, (0.4, 0.0)))]
    theirs = [(1, Seen(CAR, (0.35, 0.0))), (2, Seen(CAR, (0.75, 0.0)))]
    assert pair(ours, theirs) == {"a": 1, "b": 2}


def test_who_has_nobody_is_left_out() -> None:
    ours = [(1, Seen(CAR, (0.0, 0.0))), (2, Seen(CAR, (5.0, 0.0))), (3, Seen(TRUCK, (9.0, 0.0)))]
    theirs = [(4, Seen(CAR, (5.6, 0.0))), (5, Seen(CAR, (9.0, 0.0))), (6, Seen(CAR, (0.0, 0.2)))]
    assert pair(ours, theirs) == {1: 6}
    assert pair(ours, []) == {}


def test_where_the_kind_is_unknown_the_size_decides() -> None:
    ours = [
        (1, Seen(CAR, (0.0, 0.0), (4.2, 1.9, 1.4))),
        (2, Seen(TRUCK, (0.3, 0.0), (8.5, 2.9, 3.8))),
    ]
    theirs = [
        ("x", Seen(None, (0.3, 0.0), (4.2, 1.9, 1.4))),
        ("y", Seen(None, (0.0, 0.0), (8.5, 2.9, 3.8))),
    ]
    assert pair(ours, theirs) == {1: "x", 2: "y"}
