"""What a demo tells of a run that ended badly."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from carla_nurec_bridge.cli import demo
from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.core.run_contract.run_config import RunConfig
from carla_nurec_bridge.runs import demo_flow
from carla_nurec_bridge.runs.demo_flow import DemoRun
from carla_nurec_bridge.runs.supervisor import RunResult, Supervisor


def test_a_run_too_broken_to_be_scored_keeps_its_own_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    died = RunResult(1, "carla_ego was killed by SIGKILL at frame 0", 1.0, {}, "carla_ego")
    monkeypatch.setattr(demo_flow, "prepared", lambda config, _: config)
    monkeypatch.setattr(Supervisor, "run", lambda _: died)
    town = config_path("maps", "demo_town.xodr")
    config = RunConfig(run_dir=tmp_path, map=town, frames=5, scores="all", nurec=False)
    run = demo_flow.run_demo(config, lambda *_: None)
    assert run.exit_code == 1
    assert run.result.sentence == died.sentence
    assert str(tmp_path) in run.unscored


def test_a_run_that_breaks_is_the_last_of_several_and_its_logs_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = RunResult(1, "carla_ego was killed by SIGKILL at frame 0", 1.0, {}, "carla_ego")
    begun: list[object] = []

    def run(config: object, _show: object) -> DemoRun:
        begun.append(config)
        return DemoRun(broken, None, 1.0)

    monkeypatch.setattr(demo, "run_demo", run)
    monkeypatch.setattr(demo, "preloaded", nullcontext)
    monkeypatch.setattr(demo_flow, "own_domain", lambda: 7)
    assert main(["demo", "--repeat", "3", "--out", str(tmp_path)]) == 1
    assert len(begun) == 1
    assert "killed by SIGKILL" in capsys.readouterr().out
