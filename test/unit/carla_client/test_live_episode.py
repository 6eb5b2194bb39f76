"""What an episode holds is closed whole, whatever one of its parts raises."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("carla")

from carla_nurec_bridge.carla_client.session import live_episode
from carla_nurec_bridge.carla_client.session.live_episode import FrameMaking, LiveEpisode
from carla_nurec_bridge.core.errors import InputError, RunError

MAKING = FrameMaking(0.05, 1, paced_cameras=False, from_poses=True)


class Parts:
    """Stands for everything that an episode opens; ``broken`` parts raise when they are closed."""

    def __init__(self, *broken: str) -> None:
        self.broken = broken
        self.closed: list[str] = []
        self.ended = False
        self.client = None
        self.ego = SimpleNamespace(info=None)
        self.ticks = SimpleNamespace(close=lambda: self.closed.append("tick"))

    def has_ended(self) -> bool:
        return self.ended

    def hasten(self) -> None:
        self.closed.append("haste")

    def open(self) -> None: ...

    def part(self, name: str) -> Any:
        def close() -> None:
            self.closed.append(name)
            if name in self.broken:
                raise RuntimeError(f"{name} does not answer")

        return SimpleNamespace(close=close, open=self.open, ego=self.ego, lights=None)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that makes an episode of such parts."""

    def make(parts: Parts, sensors: Any = None) -> LiveEpisode:
        for name in ("PreparedEpisode", "SpawnedActors", "RigSensors"):
            one = parts.part(name)
            monkeypatch.setattr(live_episode, name, lambda *_a, _one=one, **_k: _one)
        if sensors is not None:
            monkeypatch.setattr(live_episode, "RigSensors", sensors)
        for name in ("WorldObserver", "Entities", "DriveController"):
            monkeypatch.setattr(live_episode, name, lambda *_a, **_k: None)
        return LiveEpisode(parts, None, None, MAKING)  # type: ignore[arg-type]

    return make


def test_two_parts_that_fail_keep_the_third_from_nothing_and_both_are_told(made: Any) -> None:
    parts = Parts("RigSensors", "PreparedEpisode")
    episode = made(parts)
    with pytest.raises(RunError) as raised:
        episode.close()
    assert parts.closed == ["tick", "haste", "RigSensors", "SpawnedActors", "PreparedEpisode"]
    assert "the sensors (RigSensors does not answer)" in str(raised.value)
    assert "(PreparedEpisode does not answer)" in str(raised.value)
    episode.close()
    assert len(parts.closed) == 5


def test_a_server_that_has_ended_excuses_what_cannot_be_closed(made: Any) -> None:
    parts = Parts("RigSensors", "SpawnedActors")
    episode = made(parts)
    parts.ended = True
    episode.close()
    assert parts.closed == ["tick", "haste", "RigSensors", "SpawnedActors", "PreparedEpisode"]


def test_sensors_that_cannot_be_mounted_leave_nothing_behind(made: Any) -> None:
    def refuse(*_args: Any, **_options: Any) -> Any:
        raise InputError("CARLA has no such sensor")

    parts = Parts()
    with pytest.raises(InputError, match="no such sensor"):
        made(parts, refuse)
    assert parts.closed == ["SpawnedActors", "PreparedEpisode"]
