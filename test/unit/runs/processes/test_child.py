"""A child is silent for as long as somebody listened and heard nothing."""

from __future__ import annotations

import sys
import time
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


def test_closed_means_that_nobody_is_left_whom_it_has_started(tmp_path: Path) -> None:
    held = "b = b'x' * (300 << 20); print(flush=True); input()"  # takes a while to die
    start = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {held!r}]).wait()"
    log = tmp_path / "log"
    child = Child(Process("starter", (sys.executable, "-c", start), {}, None, True), log)
    while not log.read_bytes():
        time.sleep(0.01)
    (started,) = psutil.Process(child.pid).children()
    child.close()
    assert not started.is_running() or started.status() == psutil.STATUS_ZOMBIE
