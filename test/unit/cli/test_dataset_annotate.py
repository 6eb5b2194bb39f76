"""``carla-nurec dataset annotate`` says what it drew, and what it could not."""

from __future__ import annotations

import json

import pytest
from small_dataset import write_dataset

from carla_nurec_bridge.cli.dataset import annotate
from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.dataset.marks import STYLES


@pytest.fixture
def run(tmp_path):
    return write_dataset(tmp_path / "run", ("one", "two"), ("front",)).path


def test_every_style_can_be_asked_for():
    assert annotate._STYLES == STYLES


def test_a_second_run_keeps_what_the_first_one_drew(run, capsys):
    assert main(["dataset", "annotate", str(run)]) == 0
    assert [line.split()[-3:] for line in capsys.readouterr().out.splitlines() if "front" in line]
    assert main(["dataset", "annotate", str(run)]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if "front" in line]
    assert [row[3:5] for row in rows] == [["0", "1"], ["0", "1"]]
    assert main(["dataset", "check", str(run)]) == 0


def test_a_clip_that_fails_costs_no_other(run, capsys):
    (run / "one/front/labels/000001.json").write_text("{}")
    assert main(["dataset", "annotate", str(run)]) == 1
    told = " ".join(capsys.readouterr().out.split())
    assert "one front:" in told
    assert "000001.json" in told
    assert not (run / "one/front/marks").exists()
    table = json.loads((run / "two/front/marks/marks.json").read_text())
    assert table["marks"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--camera", "rear"], "has no camera rear; there are: front"),
        (["--scenario", "three"], "has no scenario three; there are: one, two"),
        (["--style", "4d"], "'4d' is not one of '2d', '3d', 'mask'"),
    ],
)
def test_what_is_not_there_is_one_sentence(run, capsys, more, words):
    assert main(["dataset", "annotate", str(run), *more]) == 2
    assert words in " ".join(capsys.readouterr().err.split())
