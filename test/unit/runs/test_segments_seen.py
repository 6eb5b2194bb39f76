"""When a supervisor has its processes look which shared memory they have mapped."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from carla_nurec_bridge.runs import supervisor
from carla_nurec_bridge.runs.supervisor import Supervisor


def test_maps_are_read_while_segments_come_and_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    def note_segments() -> None:
        nonlocal looks
        looks += 1

    child = SimpleNamespace(note_segments=note_segments)
    watched: Any = SimpleNamespace(_segments_seen=(frozenset(),), _children={"a": child})
    told = []
    for there in ("x", "x", "x", "xy", "xy", "xy", "y", "yz", "yz", "yz"):
        monkeypatch.setattr(supervisor, "segments", lambda there=there: frozenset(there))
        before = looks
        Supervisor._note_segments(watched)
        told.append(looks - before)
    # The second look finds what was mapped only after its file was seen.
    assert told == [1, 1, 0, 1, 1, 0, 1, 1, 1, 0]
