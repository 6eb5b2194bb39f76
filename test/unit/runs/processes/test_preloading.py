"""Programs of a run are forked, whatever the one that starts them has loaded itself."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from carla_nurec_bridge.core.machine import forked
from carla_nurec_bridge.core.run_contract.run_config import RunConfig
from carla_nurec_bridge.runs.graph import Process, environment, verb_argv
from carla_nurec_bridge.runs.graph.environment import node_environment
from carla_nurec_bridge.runs.processes import child as child_module
from carla_nurec_bridge.runs.processes.child import Child
from carla_nurec_bridge.runs.processes.preloading import preloaded

_DEADLINE_S = 120.0


def test_a_child_is_silent_from_its_start_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started_s = []

    def slowly(*given: Any) -> forked.Started:
        process = forked.start(*given)
        time.sleep(0.1)  # as where libraries are still being loaded
        started_s.append(time.monotonic())
        return process

    monkeypatch.setattr(child_module, "start", slowly)
    child = Child(Process("true", ("true",), {}, None, True), tmp_path / "log.txt")
    silent_s = child.silent_s()
    assert silent_s <= time.monotonic() - started_s[0]
    child.close()


def test_servers_and_nodes_are_forked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cv2")  # changes LD_LIBRARY_PATH of who imports it
    monkeypatch.delenv(forked.ADDRESS, raising=False)
    run = RunConfig()
    with preloaded():
        for env in (environment(run), node_environment(run)):
            before = forked.forked_cpu_s()
            process = Process("helped", verb_argv(("demo", "--help")), env, None, True)
            child = Child(process, tmp_path / "log.txt")
            deadline = time.monotonic() + _DEADLINE_S
            while child.code() is None:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            child.close()
            assert child.code() == 0, child.log.read_text()
            assert "Usage: carla-nurec demo" in child.log.read_text()
            assert forked.forked_cpu_s() > before, "it was started by itself"
