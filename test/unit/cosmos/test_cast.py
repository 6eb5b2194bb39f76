"""Who plays whom in a replay, where live ids differ from recorded ones."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("carla")

from carla_nurec_bridge.carla_client.recordings import RecordedActor, RecordingInfo
from carla_nurec_bridge.core.errors import ProtocolError
from carla_nurec_bridge.cosmos.cast import cast_of

INFO = RecordingInfo(
    "a.log", "m", 2, 1.0,
    (
        RecordedActor(174, "vehicle.a", "hero", 0.0, 1.0),
        RecordedActor(175, "vehicle.b", "one", 0.0, 1.0),
        RecordedActor(176, "vehicle.b", "two", 0.0, 1.0),
        RecordedActor(177, "vehicle.b", "two", 0.0, 1.0),
    ),
)  # fmt: skip


def state(number: int, blueprint: str, role: str) -> Any:
    return SimpleNamespace(actor=SimpleNamespace(id=number, type_id=blueprint, role_name=role))


def ego(number: int) -> Any:
    actor = SimpleNamespace(id=number, type_id="vehicle.a", attributes={"role_name": "hero"})
    return SimpleNamespace(actor=actor)


def test_recorded_ids_are_kept_where_they_are_free_and_found_by_role_elsewhere() -> None:
    states = [state(40, "vehicle.b", "one"), state(176, "vehicle.b", "two")]
    first = cast_of(INFO, states, (), ego(41))  # type: ignore[arg-type]
    assert {p.live_id: (p.recorded_id, p.is_ego) for p in first} == {
        40: (175, False), 41: (174, True), 176: (176, False),
    }  # fmt: skip
    later = [*states, state(50, "vehicle.b", "two"), state(51, "vehicle.c", "guest")]
    second = cast_of(INFO, later, first, ego(41))  # type: ignore[arg-type]
    assert second[:3] == first
    assert [(p.live_id, p.recorded_id) for p in second[3:]] == [(50, 177), (51, None)]
    assert cast_of(INFO, later, second, ego(41)) is second  # type: ignore[arg-type]


def test_two_actors_with_one_pixel_id_are_refused() -> None:
    states = [state(40, "vehicle.b", "one"), state(40 + 65536, "vehicle.b", "two")]
    with pytest.raises(ProtocolError, match="40 and 65576 have the same 16 bits"):
        cast_of(INFO, states, (), None)  # type: ignore[arg-type]
