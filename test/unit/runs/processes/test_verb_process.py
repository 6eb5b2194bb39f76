"""A verb in a process of its own lives as long as it works, and not when it hangs."""

from __future__ import annotations

import sys

import pytest

from carla_nurec_bridge.core.errors import RunError
from carla_nurec_bridge.runs.processes import verb_process
from carla_nurec_bridge.runs.processes.child import WORKS_WITHOUT_BEAT_S

COUNTS = "import time\nwhile time.process_time() < 1.5: pass"
WORKS = "while True: pass"
HANGS = "import time\ntime.sleep(60)"


def run(script, tmp_path, monkeypatch):
    monkeypatch.setattr(verb_process, "verb_argv", lambda _verb: [sys.executable, "-c", script])
    verb_process.run_verb("step", (), tmp_path / "step.log", {}, lambda *_: None)


def test_a_verb_that_works_may_be_silent_for_longer_than_a_node(tmp_path, monkeypatch):
    assert verb_process._WORKS_S >= 10 * WORKS_WITHOUT_BEAT_S
    monkeypatch.setattr(verb_process, "HEARTBEAT_DEADLINE_S", 0.9)
    run(COUNTS, tmp_path, monkeypatch)


def test_a_verb_that_works_and_never_tells_how_far_it_is_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(verb_process, "HEARTBEAT_DEADLINE_S", 0.9)
    monkeypatch.setattr(verb_process, "_WORKS_S", 0.9)
    with pytest.raises(RunError, match="no sign of life"):
        run(WORKS, tmp_path, monkeypatch)


def test_a_verb_that_hangs_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(verb_process, "HEARTBEAT_DEADLINE_S", 0.9)
    with pytest.raises(RunError, match="no sign of life"):
        run(HANGS, tmp_path, monkeypatch)


def test_one_that_was_killed_is_told_by_the_signal(tmp_path, monkeypatch):
    with pytest.raises(RunError, match=r"the step was killed by SIGKILL; its log: .*step\.log"):
        run("import os; os.kill(os.getpid(), 9)", tmp_path, monkeypatch)


def test_one_that_fails_is_told_with_what_it_said_of_it(tmp_path, monkeypatch):
    with pytest.raises(RunError, match=r"the step ended with code 3 \(error: no map\); its log"):
        run("print('error: no map'); exit(3)", tmp_path, monkeypatch)
