"""Programs that are forked from a process that has loaded ROS end by themselves."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from carla_nurec_bridge.core.machine import forked
from carla_nurec_bridge.core.machine.forked import fork_server, start

pytest.importorskip("rclpy")

pytestmark = pytest.mark.ros

PROGRAM = """
import sys, threading
gate = threading.Event()
threads = [threading.Thread(target=gate.wait) for _ in range(16)]
for thread in threads:
    thread.start()
gate.set()
for thread in threads:
    thread.join()
sys.exit(3)
"""


def test_what_ros_does_at_an_exit_does_not_kill_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tracing library cancels threads that were not forked, in others' memory."""
    (tmp_path / "a_program.py").write_text(PROGRAM)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.delenv(forked.ADDRESS, raising=False)
    argv = (sys.executable, "-m", "a_program")
    output = tmp_path / "output"
    with fork_server(("rclpy._rclpy_pybind11",), os.environ), output.open("wb") as log:
        programs = [start(argv, os.environ, log) for _ in range(8)]
        codes = [program.wait(60.0) for program in programs]
    assert codes == [3] * len(programs), output.read_text()
