"""Actors bound to tracks by who they are."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import DeadlineError, RunError
from carla_nurec_bridge.core.frames import rigid
from carla_nurec_bridge.ros.publishers.tracks import (
    BoundTracks,
    TrackBinder,
    bind,
    binding_message,
    read_binding,
)
from carla_nurec_bridge.scene.package.model import SceneTrack
from carla_nurec_bridge.world.states import Appearance

pytestmark = pytest.mark.ros

_MS = 1_000_000


def test_actors_are_bound_by_a_unique_role_never_by_their_number() -> None:
    actors = [
        SimpleNamespace(id=7, role_name="traffic_000"),
        SimpleNamespace(id=8, role_name="autopilot"),
        SimpleNamespace(id=9, role_name="autopilot"),
    ]
    binding = bind(actors, ["traffic_000", "autopilot", "actor_9"])
    assert binding == {7: "traffic_000", 8: None, 9: None}
    assert read_binding(binding_message(binding)) == {"7": "traffic_000", "8": None, "9": None}


_AUDI, _TRUCK = "vehicle.audi.tt", "vehicle.carlamotors.firetruck"
_SIZES = {_AUDI: (4.2, 1.9, 1.4), _TRUCK: (8.5, 2.9, 3.8)}


def _state(actor_id: int, blueprint: str, x: float, role: str = "twin") -> Any:
    actor = SimpleNamespace(
        id=actor_id, blueprint=blueprint, role_name=role, size_m=_SIZES[blueprint]
    )
    return SimpleNamespace(actor=actor, map_from_box=rigid(np.eye(3), (x, 2.0, 0.7)))


def _scene(*tracks: tuple[str, str, float], appearances: bool = True) -> Any:
    """Return a scene whose tracks drive at 10 m/s, 5 m left of the map's x axis in the world."""
    stamps = np.array([1_000_000, 3_000_000])
    made = []
    for name, blueprint, x in tracks:
        way = np.stack([rigid(np.eye(3), (x + 10.0 * s, -3.0, 0.0)) for s in (0.0, 2.0)])
        appearance = Appearance(blueprint, None) if appearances else None
        made.append(
            SceneTrack(name, "automobile", _SIZES[blueprint], stamps, way, appearance=appearance)
        )
    map_from_world = rigid(np.eye(3), (0.0, 5.0, 0.0))
    return SimpleNamespace(
        tracks=made, time_range_us=(1_000_000, 3_000_000), map_from_world=map_from_world
    )


@pytest.mark.parametrize("appearances", [True, False])
def test_replayed_actors_are_bound_by_who_they_are_where_ids_have_shifted(
    appearances: bool,
) -> None:
    scene = _scene(("actor_7", _AUDI, 0.0), ("actor_8", _TRUCK, 20.0), appearances=appearances)
    binder = TrackBinder(scene)
    shifted = [_state(8, _AUDI, 5.0), _state(9, _TRUCK, 25.0)]  # 0.5 s later
    assert binder.bind(shifted, (), 0.5) == {8: "actor_7", 9: "actor_8"}
    gone_on = [_state(8, _AUDI, 15.0), _state(9, _TRUCK, 15.1)]
    assert binder.bind(gone_on, (), 1.5) == {8: "actor_7", 9: "actor_8"}


def test_two_of_a_kind_beside_each_other_a_stranger_and_one_who_is_missing() -> None:
    scene = _scene(("a", _AUDI, 0.0), ("b", _AUDI, 4.5), ("c", _AUDI, 9.0), ("twin", _TRUCK, 30.0))
    states = [_state(3, _AUDI, 4.6), _state(2, _AUDI, 0.1), _state(1, _AUDI, 50.0, "edited")]
    binding = TrackBinder(scene).bind(states, ("edited",), 0.0)
    assert binding == {3: "b", 2: "a", 1: "edited"}
    assert TrackBinder(None).bind(states, (), 0.0) == {3: None, 2: None, 1: None}


def test_a_frame_waits_for_the_binding_of_its_own_actors() -> None:
    tracks = BoundTracks("a scene", ["traffic_000", "traffic_001"])
    assert tracks.latest() == {}
    tracks.hear(binding_message({7: "traffic_000"}))
    late = threading.Timer(
        0.1, tracks.hear, [binding_message({7: "traffic_000", 8: "traffic_001"})]
    )
    late.start()
    assert tracks.binding_of({"7", "8"}, 60.0) == {"7": "traffic_000", "8": "traffic_001"}
    late.join()
    with pytest.raises(DeadlineError, match="1 actors of a frame within 0.05 s"):
        tracks.binding_of({"9"}, 0.05)
    with pytest.raises(RunError, match="which scene a scene does not have"):
        tracks.hear(binding_message({7: "stranger"}))
