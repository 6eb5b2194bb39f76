"""The node closed_loop_eval in a run: its topic, its files, and what eval makes of the same bag."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from carla_nurec_bridge.core.machine.ports import free_port
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.core.run_contract.run_config import RunConfig
from carla_nurec_bridge.evaluation.scores.records import ScoreReport
from carla_nurec_bridge.recording import BagReader
from carla_nurec_bridge.report.scores.asked import AskedScores
from carla_nurec_bridge.report.scores.of_bag import score_bag
from carla_nurec_bridge.runs.graph import build_graph
from carla_nurec_bridge.runs.supervisor import Supervisor

pytestmark = pytest.mark.ros

_FRAMES = 20


@pytest.mark.timeout(300)
def test_a_run_is_scored_as_its_bag_is(tmp_path: Path) -> None:
    rig = tmp_path / "rig.yaml"
    rig.write_text("name: none\ncameras: []\nlidars: []\n")
    config = RunConfig(
        run_dir=tmp_path / "run",
        map=config_path("maps", "demo_town.xodr"),
        rig=str(rig),
        frames=_FRAMES,
        vehicles=3,
        nurec=False,
        scores="all",
        frame_deadline_s=120.0,
        carla_port=free_port(pair=True),
        domain_id=int(os.environ["ROS_DOMAIN_ID"]),
    )
    result = Supervisor(build_graph(config)).run()
    assert result.ok, result.sentence

    run_dir = tmp_path / "run"
    online = (run_dir / "scores/scores.json").read_text()
    report = ScoreReport.model_validate_json(online)
    assert report.ticks == _FRAMES + 1
    offline = score_bag(Path(report.source), AskedScores()).report
    assert offline.model_dump_json(indent=1) + "\n" == online

    told = json.loads((run_dir / "parts/closed_loop_eval.json").read_text())
    assert told["scores"] == {score.name: score.value for score in report.scores}
    assert (told["ticks"], told["skipped_frames"]) == (_FRAMES + 1, 0)
    assert told["counts"] == {"scores/tick": _FRAMES + 1, "scores": 1}

    heard: dict[str, list[float | None]] = {}
    with BagReader(run_dir / "bag") as bag:
        for _, _, message in bag.messages(["/scores/tick"]):
            for status in message.status:
                for part in status.values:
                    value = float(part.value) if part.value else None
                    heard.setdefault(f"{status.name}.{part.key}", []).append(value)
    assert {name: tuple(values) for name, values in heard.items()} == report.series
