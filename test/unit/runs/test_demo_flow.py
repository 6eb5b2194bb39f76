"""What a demo tells of a run that ended badly."""

from __future__ import annotations

from pathlib import Path

import pytest

from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.core.run_contract.run_config import RunConfig
from carla_nurec_bridge.runs import demo_flow
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
