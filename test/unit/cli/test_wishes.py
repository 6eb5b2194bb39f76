"""What options of ``dataset record --live`` cannot go together."""

from __future__ import annotations

import click
import pytest

pytest.importorskip("carla")

from carla_nurec_bridge.cli.dataset.wishes import live_wish_of

SETTINGS = {
    "fps": 8.0,
    "frames": 0,
    "duration_s": 2.5,
    "start_s": 1.0,
    "host": "127.0.0.1",
    "port": 2000,
    "map_name": None,
    "vehicles": 0,
    "walkers": 0,
    "seed": 3,
    "warmup": 5,
    "actor_id": 0,
    "role": "hero",
    "sensors": (),
    "rig": None,
    "size": (64, 48),
    "fov": 90.0,
}


def test_seconds_become_frames() -> None:
    assert live_wish_of(SETTINGS).frames == 20
    assert live_wish_of({**SETTINGS, "frames": 7}).frames == 7


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"duration_s": 0.0}, "a live world has no end"),
        ({"map_name": "Town01"}, "--map is for an own CARLA"),
        ({"host": None}, "give --host of the CARLA that runs, or --map"),
        ({"host": None, "map_name": "Town01"}, "an own world is empty"),
    ],
)
def test_what_does_not_fit_is_told(changed: dict[str, object], told: str) -> None:
    with pytest.raises(click.UsageError, match=told):
        live_wish_of({**SETTINGS, **changed})
