"""A call to CARLA that failed, and a server that then says nothing more."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("carla")
from carla_nurec_bridge.carla_client.session.session import Session
from carla_nurec_bridge.carla_client.session.world_watch import WorldWatch
from carla_nurec_bridge.core.errors import ProtocolError


def _no_answer() -> Any:
    raise RuntimeError("time-out of 50ms while waiting for the simulator")


def test_what_a_silent_server_failed_in_is_told_and_not_the_look_for_a_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world: Any = SimpleNamespace(id=1, get_settings=lambda: None)
    session = Session("127.0.0.1", 2000, 4.0)
    session._watch = WorldWatch(world, "town", "127.0.0.1:2000", owned=True)
    silent: Any = SimpleNamespace(get_world=_no_answer)
    session._client = silent
    hastened: list[bool] = []
    monkeypatch.setattr(session, "hasten", lambda: hastened.append(True))
    with pytest.raises(ProtocolError, match="CARLA at .*: time-out of 4000ms"), session:
        raise RuntimeError("time-out of 4000ms")
    assert hastened == [True]
