"""What a program stands still for is told, ever rarer."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import pytest

from carla_nurec_bridge.core.machine import standstill


def test_what_a_program_stands_still_for_is_told_ever_rarer(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    told: list[str] = []
    now_s = iter(range(0, 205, 5))
    monkeypatch.setattr(standstill, "time", SimpleNamespace(monotonic=lambda: next(now_s)))
    stands = ["frame 2 waits for objects"] * 19 + [""] * 9 + [None]
    watch = standstill.Standstill(told.append, partial(stands.pop, 0))
    more = [watch.look() for _ in range(29)]
    assert told == [f"frame 2 waits for objects for {s} s" for s in (5, 10, 20, 40, 80)]
    assert more == [True] * 28 + [False]
    # Where every thread is after a minute, once.
    assert capfd.readouterr().err.count("test_what_a_program_stands_still_for") == 1
