"""Runs are scored as they end: with pages or without, and where that cannot be done, why."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from carla_nurec_bridge.report.scores import of_bag
from carla_nurec_bridge.report.scores.write import read_scores
from carla_nurec_bridge.runs.scoring import score_run


def test_a_run_is_scored_beside_its_bag_and_told_where_that_cannot_be_written(
    run_dir: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run_dir, copy)
    scored, unscored = score_run(copy, ("neuroncap",), pages=False)
    assert unscored == ""
    assert scored is not None
    assert [score.name for score in scored.scores] == ["neuroncap"]
    assert [path.name for path in (copy / "scores").iterdir()] == ["scores.json"]
    assert read_scores(copy) == scored

    shutil.rmtree(copy / "scores")
    (copy / "scores").write_text("no folder")
    for pages in (False, True):
        scored, unscored = score_run(copy, ("neuroncap",), pages=pages)
        assert scored is None
        assert unscored == f"cannot write {copy / 'scores'}: it is a file, not a folder"

    shutil.rmtree(copy / "bag")
    scored, unscored = score_run(copy, ("neuroncap",))
    assert scored is None
    assert str(copy) in unscored


def test_scores_that_a_run_has_are_shown_and_not_computed_again(
    run_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run_dir, copy)
    first, unscored = score_run(copy, ("neuroncap",), pages=False, anew=False)
    assert unscored == ""
    assert first is not None, "there were none yet"

    def never(*_: object) -> None:
        raise AssertionError("scored twice")

    monkeypatch.setattr(of_bag, "score_drive", never)
    assert score_run(copy, ("neuroncap",), anew=False) == (first, "")
    assert {path.name for path in (copy / "scores").iterdir()} >= {"scores.html", "scores.md"}
