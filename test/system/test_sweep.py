"""A small suite for real: two agents side by side, one of them a user's own program."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from programs import run

from carla_nurec_bridge.core.resources import share_dir
from carla_nurec_bridge.recording import BagReader
from carla_nurec_bridge.report.sweep.values import SweepReport
from carla_nurec_bridge.runs.closed_loop.result import ClosedLoopResult, read_result

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(900)]

AGENTS = ("route_follower", "mine")
LIMIT_S = 900
SCENARIO = {
    "description": "Two seconds along a free road, without anybody else.",
    "duration_s": 2.0,
    "ego": {"start": {"type": "stretch", "length_m": 100}, "speed_mps": [5, 6]},
    "outcome": {"type": "all", "of": [{"type": "collision", "holds": "never"}]},
}


def sweep(folder: Path) -> subprocess.CompletedProcess[str]:
    words = ("sweep", folder / "two.yaml", "-o", folder / "out", "--workers", 2)
    return run(*words, timeout=LIMIT_S)


@pytest.fixture(scope="module")
def swept(tmp_path_factory) -> Path:
    """Sweep once; the folder holds the suite and what came of it."""
    folder = tmp_path_factory.mktemp("sweep")
    agent = share_dir() / "docs/agent_template/my_agent/agent.py"
    mine = {"name": "mine", "command": [sys.executable, str(agent)], "node": "my_agent"}
    suite = {
        "scenarios": ["free_road.yaml"],
        "agents": ["route_follower", mine],
        "run": {"dt_s": 0.1, "ticks_per_frame": 2},
        "scores": ["pdms", "leaderboard_2_1"],
    }
    (folder / "free_road.yaml").write_text(yaml.safe_dump(SCENARIO))
    (folder / "two.yaml").write_text(yaml.safe_dump(suite))
    ended = sweep(folder)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder


def run_of(swept: Path, agent: str) -> Path:
    return swept / "out/runs" / f"free_road-s1-{agent}"


@pytest.mark.parametrize("agent", AGENTS)
def test_a_shipped_agent_and_a_users_program_drive_and_are_judged(swept, agent):
    result: ClosedLoopResult = read_result(run_of(swept, agent))
    assert (result.ending, result.frames, result.passed) == ("finished", 20, True)
    assert result.scores["leaderboard_2_1"] is not None
    assert 0 < result.cost.start_s < result.cost.wall_s
    assert result.cost.memory_bytes > 50e6
    with BagReader(run_of(swept, agent) / "bag") as bag:
        counts = {stream.topic: stream.messages for stream in bag.streams()}
    assert counts["/command/ackermann"] == 21
    assert counts["/route"] == 1


def test_runs_beside_each_other_never_met(swept):
    places = [
        yaml.safe_load((run_of(swept, agent) / "params/carla_ego.yaml").read_text())["/**"]
        for agent in AGENTS
    ]
    ports = {place["ros__parameters"]["carla.port"] for place in places}
    assert len(ports) == 2


def test_the_report_has_both_and_the_same_command_makes_nothing_anew(swept):
    path = swept / "out/report.json"
    before = path.read_bytes()
    report = SweepReport.model_validate_json(before)
    assert [one.agent for one in report.agents] == list(AGENTS)
    assert all(one.outcomes == {"passed": 1} for one in report.agents)
    assert json.loads((swept / "out/times.json").read_text())["runs"] == 2
    ended = sweep(swept)
    assert ended.returncode == 0
    assert "0 runs done, 2 were there before" in ended.stdout
    assert path.read_bytes() == before
