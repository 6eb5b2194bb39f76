"""What a program stands still for is told, ever rarer."""

from __future__ import annotations

import time

import pytest

from carla_nurec_bridge.core.machine import standstill
from carla_nurec_bridge.core.machine.standstill import Standstill


def test_what_a_program_stands_still_for_is_told_ever_rarer(
    capfd: pytest.CaptureFixture[str],
) -> None:
    told: list[str] = []
    now = ["frame 2 waits for objects"]
    watch = Standstill(told.append, lambda: now[0], 30.0)
    for now_s in range(0, 95, 5):
        watch.look(float(now_s))
        # Where every thread is, once, when it has lasted so long that it is a fault.
        dumped = capfd.readouterr().err.count("test_what_a_program_stands_still_for")
        assert dumped == (now_s == 30)
    now[0] = ""
    for now_s in range(95, 140, 5):
        watch.look(float(now_s))
    assert told == [f"frame 2 waits for objects for {s} s" for s in (5, 10, 20, 40, 80)]


def test_it_looks_in_a_thread_of_its_own_until_it_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(standstill, "_LOOK_S", 0.01)
    told: list[str] = []
    watch = Standstill(told.append, lambda: "it waits", 3600.0)
    watch.open()
    while not told:
        time.sleep(0.01)
    watch.close()
    watch.close()
    assert not watch._thread.is_alive()
