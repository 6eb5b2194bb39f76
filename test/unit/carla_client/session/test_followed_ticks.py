"""A session that follows another client's ticks."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("carla")

from carla_nurec_bridge.carla_client.session.session import Session


class Snapshot:
    def __init__(self, frame: int) -> None:
        self.frame = frame


class World:
    """Hands on ticks as CARLA's client does: to whoever asked for them."""

    def on_tick(self, listener: Any) -> int:
        self.say = listener
        return 1


def test_ticks_that_a_slow_follower_misses_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    session = Session("127.0.0.1", 1, 1.0)
    monkeypatch.setattr(Session, "world", world)
    monkeypatch.setattr(session, "_watched", lambda *, owned: None)
    session.follow(patience_s=60.0)
    for frame in range(7):
        world.say(Snapshot(frame))
    assert session.skipped_ticks == 3
    assert [session.tick().frame for _ in range(4)] == [3, 4, 5, 6]
    world.say(Snapshot(7))
    assert session.tick().frame == 7
    assert session.skipped_ticks == 3
