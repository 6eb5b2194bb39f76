"""Which recorded actor a live one is, where live ids differ from recorded ones."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("carla")

from carla_nurec_bridge.core.errors import ProtocolError
from carla_nurec_bridge.labels.actor_ids import labelled_actors


def state(number: int, blueprint: str, role: str) -> Any:
    return SimpleNamespace(actor=SimpleNamespace(id=number, blueprint=blueprint, role_name=role))


def ego(number: int) -> Any:
    actor = SimpleNamespace(id=number, type_id="vehicle.a", attributes={"role_name": "hero"})
    return SimpleNamespace(actor=actor)


def test_actors_get_their_recorded_ids_when_these_are_known() -> None:
    states = [state(40, "vehicle.b", "one"), state(176, "vehicle.b", "two")]
    first = labelled_actors({40: 175, 41: 174}, states, (), ego(41))
    assert {p.live_id: (p.recorded_id, p.is_ego) for p in first} == {
        40: (175, False),
        41: (174, True),
        176: (None, False),
    }
    known = {40: 175, 41: 174, 176: 177}
    second = labelled_actors(known, states, first, ego(41))
    assert [(p.live_id, p.recorded_id) for p in second] == [(40, 175), (41, 174), (176, 177)]
    assert labelled_actors(known, states, second, ego(41)) is second


def test_two_actors_with_one_pixel_id_are_refused() -> None:
    states = [state(40, "vehicle.b", "one"), state(40 + 65536, "vehicle.b", "two")]
    with pytest.raises(ProtocolError, match="40 and 65576 have the same 16 bits"):
        labelled_actors({}, states, (), None)


def test_pixels_of_large_ids_are_their_low_bits() -> None:
    [actor] = labelled_actors({}, [state(65544, "vehicle.b", "one")], (), None)
    assert (actor.live_id, actor.pixel_id) == (65544, 8)
