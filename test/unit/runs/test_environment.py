"""The cores of the machine are for what draws; a node has none but its own threads."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from carla_nurec_bridge.core.run_contract.run_config import RunConfig
from carla_nurec_bridge.runs.graph import build_graph
from carla_nurec_bridge.runs.graph.environment import environment, node_environment

_THREADS = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")


@pytest.fixture(autouse=True)
def _nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _THREADS:
        monkeypatch.delenv(name, raising=False)


def test_servers_draw_on_all_cores_and_nodes_on_one_thread():
    config = RunConfig(map="demo_town.xodr", nurec=False)
    threads = {
        process.name: [process.env.get(name) for name in _THREADS]
        for process in build_graph(config).processes
    }
    cores = str(os.cpu_count())
    assert threads.pop("carla_server") == [cores, cores, None]
    assert {"carla_ego", "cosmos_recorder"} <= threads.keys()
    assert set(map(tuple, threads.values())) == {("1", "1", "1")}


def test_the_libraries_take_their_number_of_threads_from_there():
    code = "import cv2, numba; print(cv2.getNumThreads(), numba.config.NUMBA_NUM_THREADS)"
    env = {**os.environ, **node_environment(RunConfig())}
    ran = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert ran.stdout.split() == ["1", "1"], ran.stderr


def test_threads_that_the_user_sets_are_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"OMP_NUM_THREADS": "3", "NUMBA_NUM_THREADS": "5", "OMP_WAIT_POLICY": "active"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    for env in (environment(RunConfig()), node_environment(RunConfig())):
        assert {name: env[name] for name in given} == given
    assert node_environment(RunConfig())["OPENCV_FOR_THREADS_NUM"] == "1"
