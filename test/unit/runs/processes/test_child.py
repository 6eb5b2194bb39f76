"""A child is silent for as long as somebody listened and heard nothing."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from carla_nurec_bridge.runs.graph import Process
from carla_nurec_bridge.runs.processes import child as module
from carla_nurec_bridge.runs.processes.child import Child


def test_a_machine_that_stood_still_is_nobodys_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 100.0
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now_s))
    child = Child(Process("sleeper", ("sleep", "60"), {}, None, True), tmp_path / "log")

    def listen(pause_s: float) -> float:
        nonlocal now_s
        now_s += pause_s
        child.listen(lambda *_: None)
        return child.silent_s()

    try:
        while psutil.Process(child.pid).status() != psutil.STATUS_SLEEPING:
            pass
        listen(0.5)  # what it took to start is heard here
        silent_s = listen(0.5)
        assert listen(30.0) == pytest.approx(silent_s)
        for _ in range(20):
            silent_s += 0.5
            assert listen(0.5) == pytest.approx(silent_s)
    finally:
        child.close()
