"""Actors to spawn, as a user's YAML has them."""

from __future__ import annotations

import pytest

pytest.importorskip("carla")

from carla_nurec_bridge.carla_client.actors.spawned_actors import read_spawn_requests
from carla_nurec_bridge.core.errors import InputError


def test_actors_to_spawn_are_read_one_or_many() -> None:
    assert read_spawn_requests("{spawn_point: 3}")[0].spawn_point == 3
    two = read_spawn_requests("[{spawn_point: 1}, {position_m: [1, 2, 3], yaw_rad: 1.5}]")
    assert two[1].position_m == (1.0, 2.0, 3.0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[", "not YAML"),
        ("[{spawn_point: 1}, {spawn: 2}]", "actor 1"),
        ("{blueprint: vehicle.tesla.model3}", "give either position_m or spawn_point"),
        ("3", "actor 0"),
    ],
)
def test_nonsense_to_spawn_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_spawn_requests(text)
