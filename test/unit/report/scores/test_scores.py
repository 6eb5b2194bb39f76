"""The files of ``carla-nurec eval``: what they hold, and that names in them stay text."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import av
import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from scored_drives import scored_states, steady, still, straight_context

from carla_nurec_bridge.cli.main import cli
from carla_nurec_bridge.evaluation.scores.records import ScoreReport
from carla_nurec_bridge.evaluation.scores.scorer import SCORES, score_drive
from carla_nurec_bridge.report.scores.moments import infraction_moments
from carla_nurec_bridge.report.scores.plots import plot
from carla_nurec_bridge.report.scores.schema import schema_file, scores_schema
from carla_nurec_bridge.world.object_classes import ObjectClass

CAR = ObjectClass.CAR


def test_the_shipped_schema_is_that_of_the_scores() -> None:
    assert json.loads(schema_file().read_text()) == scores_schema()


def test_scores_of_a_run_are_written_whole_and_drawn(evaluated: Any) -> None:
    # Boxes of 4.9 m and 4 m, 10.6 m from middle to middle at the start, touch after 0.769 s.
    assert "collisions_vehicle with 7 at 0.80 s" in evaluated.said
    told = json.loads((evaluated.folder / "scores.json").read_text())
    jsonschema.validate(told, scores_schema())
    report = ScoreReport.model_validate(told)
    assert [score.name for score in report.scores] == list(SCORES)
    page = (evaluated.folder / "scores.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("<polyline") > 20
    # What is to be feared of the standing car, and the crash: both seen from above and ahead.
    figures = re.findall(r"<figcaption><b>([^<]*)</b>.*?image/jpeg;base64,([^\"]*)", page)
    assert [words.split(" at ")[0] for words, _ in figures] == ["0.00 s", "0.80 s"]
    for _, data in figures:
        drawn = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
        assert drawn.shape == (300, 834, 3)
    # Frame 16 of the front camera is (80, 120, 60); red and green are who is in it, and the ego.
    assert np.abs(drawn[150, 600].astype(int) - (80, 120, 60)).max() < 12
    plan = drawn[:, :300].astype(int)
    assert ((plan - (255, 64, 64)) ** 2).sum(axis=2).min() < 900
    assert ((plan - (118, 185, 0)) ** 2).sum(axis=2).min() < 900
    video = re.search(r"data:video/mp4;base64,([^\"]*)", page)
    assert video is not None
    with av.open(io.BytesIO(base64.b64decode(video[1]))) as container:
        assert sum(1 for _ in container.decode(video=0)) == 40
    text = (evaluated.folder / "scores.md").read_text()
    assert "<script" not in text
    assert "| CARLA Leaderboard 2.0 |" in text


def test_infractions_of_several_scores_are_one_moment() -> None:
    states = scored_states(steady(10, 8), 6.0, {4: (CAR, still(50.0))}, hertz=10, velocities=True)
    report = score_drive(states, straight_context(length_m=60.0))
    moments = infraction_moments(report)
    crash = [m for m in moments if m.first.kind != "time_to_collision" and m.actors]
    assert len(crash) == 1
    assert crash[0].actors == (4,)
    assert crash[0].first.time_s == pytest.approx(4.5)
    assert len({title for title, _ in crash[0].told}) == len(SCORES)
    stamps = [moment.first.stamp_ns for moment in moments]
    assert stamps == sorted(stamps)


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
