"""A real Ray cluster of this machine records scenarios, loses a worker, and is ended."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest
import small_jobs
from small_jobs import record_killed_once, record_late

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.files.scratch import scratch_folder
from carla_nurec_bridge.core.machine.ports import free_port
from carla_nurec_bridge.core.work import ray_workers as ray_module
from carla_nurec_bridge.core.work.ray_workers import RayWorkers, end_processes_of, ray_workers
from carla_nurec_bridge.dataset.record.run import RunListener, record_run
from carla_nurec_bridge.dataset.record.spread import spread_run, timed_turn
from carla_nurec_bridge.dataset.record.turn import ScenarioJob
from carla_nurec_bridge.dataset.store import Dataset, RunWriter

pytestmark = [
    pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed"),
    pytest.mark.random_order(disabled=True),
]


@pytest.fixture(scope="module")
def cluster():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(small_jobs.__file__).parent))
        with ray_workers("local", 2) as workers:
            yield workers


def test_a_killed_worker_costs_one_repeat_and_files_are_those_of_one_machine(
    cluster: RayWorkers, tmp_path: Path
) -> None:
    names, flag = "abcd", tmp_path / "killed"
    jobs = [
        ScenarioJob(name, "k", partial(record_killed_once, flag if name == "b" else None))
        for name in names
    ]
    notes: list[tuple[str, str]] = []
    frames: dict[str, int] = {}

    def on_frame(name: str, done: int, total: int) -> None:
        frames[name] = done

    listener = RunListener(on_frame, lambda *told: notes.append(told), lambda *_: None)
    outcome = spread_run(RunWriter(tmp_path / "many", (), 1), jobs, cluster, listener)
    assert outcome.failed == {}
    assert outcome.recorded == tuple(names)
    assert [name for name, _ in notes] == ["b"]
    assert "its worker was lost" in notes[0][1]
    assert "begun again, try 2 of 3" in notes[0][1]
    assert frames == dict.fromkeys(names, 4)
    quiet = RunListener(lambda *_: None, lambda *_: None, lambda *_: None)
    record_run(RunWriter(tmp_path / "one", (), 1), jobs, quiet)
    assert Dataset(tmp_path / "many").manifest.files == Dataset(tmp_path / "one").manifest.files
    assert not list((tmp_path / "many").glob(".*.part"))


def test_turns_that_are_ended_tidy_up(cluster: RayWorkers, tmp_path: Path) -> None:
    begun, ended = tmp_path / "begun", tmp_path / "ended"
    job = ScenarioJob("a", "k", partial(record_late, begun, ended))
    turn = cluster.submit(partial(timed_turn, tmp_path, job), tmp_path / "told")
    deadline = time.monotonic() + 120.0
    while not begun.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    cluster.end([turn])
    assert ended.exists()
    assert not list(tmp_path.glob(".a.*"))


def test_where_no_cluster_is_a_sentence_says_so() -> None:
    address = f"127.0.0.1:{free_port()}"
    with (
        pytest.raises(InputError, match=f"no Ray cluster at {address}: .*refused"),
        ray_workers(address, None),
    ):
        pass


@pytest.mark.parametrize("slow", [1, 2])
@pytest.mark.parametrize(
    "words",
    [
        "The current node timed out during startup. This could happen",
        "Timed out waiting for file /tmp/session/gcs_server_port_1",
    ],
)
def test_a_cluster_that_takes_too_long_to_start_starts_anew_once(slow: int, words: str) -> None:
    done: list[str] = []

    def init(**asked: int) -> None:
        done.append(f"init {asked}")
        if done.count("init {'num_cpus': 2}") <= slow:
            raise Exception(words)

    ray = SimpleNamespace(init=init, shutdown=lambda: done.append("shutdown"))
    with nullcontext() if slow == 1 else pytest.raises(Exception, match=words[:20]):
        ray_module._join(ray, {"num_cpus": 2})
    assert done == ["init {'num_cpus': 2}", "shutdown", "init {'num_cpus': 2}"]


def test_a_cluster_that_does_not_start_is_told_with_what_its_server_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def init(*, _temp_dir: str, **_: object) -> None:
        logs = Path(_temp_dir) / "session_2026-12-01_1" / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        (logs / "gcs_server.out").write_text("it begins\nno port is free\n\n")
        raise Exception("Timed out waiting for file gcs_server_port_1\nat some length")

    ray = SimpleNamespace(init=init, shutdown=lambda: None)
    monkeypatch.setitem(sys.modules, "ray", ray)
    told = "at local: Timed out .*port_1; its server said last: no port is free$"
    with pytest.raises(InputError, match=told), ray_module.ray_workers("local", 1):
        pass


def test_an_address_that_is_none_is_told_at_once() -> None:
    with (
        pytest.raises(InputError, match=r"no Ray cluster at ray://localhost:99999: .*HOST:PORT"),
        ray_workers("ray://localhost:99999", None),
    ):
        pass


def test_without_ray_a_sentence_says_how_to_get_it(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(InputError, match=r"pip install 'carla_nurec_bridge\[ray\]'"),
        ray_workers("local", 1),
    ):
        pass


def test_a_cluster_whose_starter_was_killed_goes_with_the_next(
    tmp_path: Path,
) -> None:
    left = tmp_path / "cnb-ray-dead"
    left.mkdir()
    (left / ".lock").touch()
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    with (
        subprocess.Popen([*sleep, f"--session={left}/session"]) as agent,
        subprocess.Popen([*sleep, f"--session={left}-not/session"]) as other,
    ):
        try:
            with scratch_folder(tmp_path, "cnb-ray-", end_processes_of):
                assert agent.wait(120) == -signal.SIGKILL
                assert other.poll() is None
        finally:
            agent.kill()
            other.kill()
    assert not left.exists()
