"""Extras in the embedded CARLA: ball and child cross before the hero, as they were drawn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from carla_nurec_bridge.core.machine.ports import free_port
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.core.run_contract.run_config import RunConfig
from carla_nurec_bridge.runs.graph import CARLA_SERVER, server_processes
from carla_nurec_bridge.runs.processes.child import Child

pytestmark = pytest.mark.conformance

_DT_S = 0.05


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    pytest.importorskip("carla")
    folder = tmp_path_factory.mktemp("inserted_actors")
    port = free_port(pair=True)
    town = config_path("maps", "demo_town.xodr")
    config = RunConfig(map=town, nurec=False, carla_port=port, run_dir=folder)
    [process] = [p for p in server_processes(config) if p.name == CARLA_SERVER]
    server = Child(process, folder / "server.log")
    script = Path(__file__).with_name("inserted_actors_session.py")
    try:
        done = subprocess.run(
            [sys.executable, str(script), str(port)],
            capture_output=True,
            text=True,
            timeout=250,
            check=False,
            env=os.environ,
        )
    finally:
        server.terminate()
        server.close(5.0)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _way(run: dict[str, Any], name: str) -> np.ndarray:
    return np.array([places[name] for places in run["ways"]])


def test_the_same_seed_is_the_same_play(facts: dict[str, Any]) -> None:
    first, second = facts["runs"]
    for name in ("ball", "child"):
        assert np.abs(_way(first, name) - _way(second, name)).max() < 1e-3


def test_they_come_when_the_hero_is_near_and_as_fast_as_drawn(facts: dict[str, Any]) -> None:
    run = facts["runs"][0]
    route = np.array(run["route"])
    cues = {}
    for name in ("ball", "child"):
        way = _way(run, name)
        speed_mps, delay_s, _ = facts["asked"][name]
        speeds = np.linalg.norm(np.diff(way[:, :2], axis=0), axis=1) / _DT_S
        assert np.median(speeds[speeds > 0.5]) == pytest.approx(speed_mps, rel=0.02)
        starts = int(np.argmax(speeds > 0.5)) + 1
        cues[name] = starts - delay_s / _DT_S
        crossing = int(np.argmin(np.linalg.norm(route[:, :2, 3] - way[-1, :2], axis=1)))
        gap_m = crossing - run["hero"][round(cues[name])]
        assert gap_m == pytest.approx(facts["gap_m"], abs=2.0)
        pose = route[crossing]
        side = pose[:2, 1] @ (way[0, :2] - pose[:2, 3])
        assert (side > 0) == (facts["side"] == "left")
        assert abs(side) > 5.0, "it starts beside the road"
        assert abs(pose[:2, 1] @ (way[-1, :2] - pose[:2, 3])) < 2.5, "it ends on the hero's lane"
    assert abs(cues["ball"] - cues["child"]) < 3, "one cue for both, in ticks"


def test_they_are_on_the_ground_and_objects_like_others(facts: dict[str, Any]) -> None:
    run = facts["runs"][0]
    assert run["labels"] == {"ball": "prop", "child": "pedestrian"}
    route = np.array(run["route"])
    for name in ("ball", "child"):
        way, size_m = _way(run, name), facts["asked"][name][2]
        assert run["sizes"][name] == pytest.approx(size_m, abs=0.01)
        crossing = int(np.argmin(np.linalg.norm(route[:, :2, 3] - way[-1, :2], axis=1)))
        above_m = way[:, 2] - size_m[2] / 2.0 - route[crossing, 2, 3]
        assert above_m[-1] == pytest.approx(0.0, abs=0.05)
        assert 0.05 < above_m[20] < 0.25, "the sidewalk is higher"
    assert run["speed"] == 0.0, "the ball rests at the end"


def test_pictures_show_them_where_their_boxes_are(facts: dict[str, Any]) -> None:
    seen = [view for view in facts["runs"][0]["seen"] if view.keys() >= {"ball", "child"}]
    assert len(seen) >= 4
    for name, share in (("child", 0.15), ("ball", 0.3)):
        shown = np.array([view[name] for view in seen])
        assert (shown[:, 0] > 0).all()
        assert (shown[:, 1] >= 0.9 * shown[:, 0]).all(), "the masks are in the boxes"
        assert np.median(shown[:, 1] / shown[:, 2]) > share, "and fill them"


def test_nobody_stays_behind(facts: dict[str, Any]) -> None:
    assert facts["left"] == []
