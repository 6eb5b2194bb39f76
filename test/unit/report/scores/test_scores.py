"""The files of ``carla-nurec eval``: what they hold, and that names in them stay text."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner
from scored_drives import scored_states, steady, still, straight_context

from carla_nurec_bridge.cli.main import cli
from carla_nurec_bridge.evaluation.scores.records import ScoreReport
from carla_nurec_bridge.evaluation.scores.scorer import SCORES, score_drive
from carla_nurec_bridge.recording.read_back.drive import BagDrive
from carla_nurec_bridge.report.scores import asked
from carla_nurec_bridge.report.scores.plots import plot
from carla_nurec_bridge.report.scores.schema import schema_file, scores_schema
from carla_nurec_bridge.world.object_classes import ObjectClass

CAR = ObjectClass.CAR
EVIL = "<script>alert(1)</script>|"


def test_the_shipped_schema_is_that_of_the_scores() -> None:
    assert json.loads(schema_file().read_text()) == scores_schema()


def test_scores_of_a_drive_are_written_whole_and_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = straight_context()
    assert context.opendrive is not None
    assert context.route is not None
    states = scored_states(steady(10, 8), 6.0, {4: (CAR, still(50.0))}, hertz=10)
    route = np.column_stack([context.route, np.zeros(2)])
    drive = BagDrive(tuple(states), route, context.opendrive.text, states[0].ego.body, {}, {})
    monkeypatch.setattr(asked, "read_drive", lambda _: drive)
    monkeypatch.setattr(asked, "BagReader", lambda _: _Opened())
    (tmp_path / EVIL.replace("/", "-")).mkdir()
    source = tmp_path / EVIL.replace("/", "-")
    done = CliRunner().invoke(cli, ["eval", str(source), "-o", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "collisions_vehicle with 4 at 4.50 s" in done.output
    told = json.loads((tmp_path / "out/scores.json").read_text())
    jsonschema.validate(told, scores_schema())
    report = ScoreReport.model_validate(told)
    assert report == score_drive(states, context, source=str(source))
    assert [score.name for score in report.scores] == list(SCORES)
    page = (tmp_path / "out/scores.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("<polyline") > 20
    text = (tmp_path / "out/scores.md").read_text()
    assert "<script" not in text
    assert "| CARLA Leaderboard 2.0 |" in text


class _Opened:
    def __enter__(self) -> SimpleNamespace:
        return SimpleNamespace()

    def __exit__(self, *_: object) -> None:
        return None


def test_bad_input_is_refused_in_a_sentence(tmp_path: Path) -> None:
    wrong = CliRunner().invoke(cli, ["eval", str(tmp_path), "--scores", "nuplam"])
    assert "no score called 'nuplam'" in str(wrong.exception or wrong.output)
    empty = CliRunner().invoke(cli, ["eval", str(tmp_path)])
    assert empty.exit_code != 0


def test_a_plot_has_gaps_where_nothing_is_known() -> None:
    drawn = plot("<x>", [0.0, 1.0, 2.0, 3.0], [1.0, None, 2.0, 3.0], [1.5])
    assert drawn.count("<polyline") == 2
    assert drawn.count('class="mark"') == 1
    assert "<x>" not in drawn
    assert plot("x", [0.0], [None]) == ""
