"""Processes of this machine do work, are lost, are ended, and go with who started them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import small_work
from small_work import die, own_id, refuse, wait_long

from carla_nurec_bridge.core.errors import RunError
from carla_nurec_bridge.core.work.process_workers import ProcessWorkers, process_workers
from carla_nurec_bridge.core.work.workers import WorkerLostError, WorkListener

LIMIT_S = 60.0


@pytest.fixture(scope="module")
def workers():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(small_work.__file__).parent))
        with process_workers(2) as found:
            yield found


def do(workers: ProcessWorkers, work: Callable[[WorkListener], object], told: Path) -> object:
    turn = workers.submit(work, told)
    assert list(workers.wait([turn], LIMIT_S)) == [turn]
    return workers.result(turn)


def until(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_worker_stays_for_more_and_its_errors_come_as_sentences(workers, tmp_path):
    told = tmp_path / "told"
    first = do(workers, own_id, told)
    with pytest.raises(RunError, match="cannot do it: there is no map nowhere"):
        do(workers, refuse, told)
    assert do(workers, own_id, told) == first != os.getpid()


def test_one_that_dies_is_lost_and_another_takes_its_place(workers, tmp_path):
    with pytest.raises(WorkerLostError, match="exit code -9"):
        do(workers, die, tmp_path / "told")
    assert do(workers, own_id, tmp_path / "told") != os.getpid()


def test_turns_that_are_ended_tidy_up(workers, tmp_path):
    begun, ended = tmp_path / "begun", tmp_path / "ended"
    turn = workers.submit(partial(wait_long, begun, ended), tmp_path / "told")
    until(begun.exists)
    workers.end([turn])
    assert ended.exists()
    with pytest.raises(WorkerLostError):
        workers.result(turn)


def test_workers_go_with_who_started_them(tmp_path):
    begun, ended = tmp_path / "begun", tmp_path / "ended"
    script = f"""
import time
from functools import partial
from pathlib import Path
from small_work import wait_long
from carla_nurec_bridge.core.work.process_workers import ProcessWorkers
if __name__ == "__main__":
    work = partial(wait_long, Path({str(begun)!r}), Path({str(ended)!r}))
    ProcessWorkers(1).submit(work, Path({str(tmp_path / "told")!r}))
    time.sleep(600)
"""
    (tmp_path / "starter.py").write_text(script)
    env = {**os.environ, "PYTHONPATH": str(Path(small_work.__file__).parent)}
    with subprocess.Popen([sys.executable, str(tmp_path / "starter.py")], env=env) as starter:
        try:
            until(begun.exists)
        finally:
            starter.kill()
    until(ended.exists)
