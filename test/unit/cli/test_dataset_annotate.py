"""``carla-nurec dataset annotate`` says what it drew, and what it could not."""

from __future__ import annotations

import json
import shutil

import pytest
from asked_dataset import write_asked

from carla_nurec_bridge.cli.dataset import annotate
from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.dataset.marks import STYLES


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return write_asked(tmp_path_factory.mktemp("annotate") / "run", ("one", "two")).path


@pytest.fixture
def run(template, tmp_path):
    return shutil.copytree(template, tmp_path / "run")


def test_every_style_can_be_asked_for():
    assert annotate._STYLES == STYLES


def test_a_second_run_keeps_what_the_first_one_drew(run, capsys):
    assert main(["dataset", "annotate", str(run)]) == 0
    assert "not asked, as the truth is not clear enough" in capsys.readouterr().out
    before = (run / "one/questions.json").read_bytes()
    assert main(["dataset", "annotate", str(run)]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if "road" in line]
    assert [row[3:5] for row in rows] == [["0", "1"], ["0", "1"]]
    assert (run / "one/questions.json").read_bytes() == before
    assert main(["dataset", "check", str(run)]) == 0


def test_a_clip_that_fails_costs_no_other(run, capsys):
    (run / "one/road/labels/000001.json").write_text("{}")
    assert main(["dataset", "annotate", str(run)]) == 1
    told = " ".join(capsys.readouterr().out.split())
    assert "one road:" in told
    assert "000001.json" in told
    assert not (run / "one/road/marks").exists()
    table = json.loads((run / "two/road/marks/marks.json").read_text())
    assert table["marks"]
    assert not (run / "one/questions.json").exists()
    assert {json.loads(line)["video"].split("/")[0] for line in training(run)} == {"two"}


def training(run):
    return (run / "questions/train_llava.jsonl").read_text().splitlines()


def test_a_split_has_files_for_its_parts(run):
    line = ["dataset", "annotate", str(run), "--split", "train=0.5,val=0.5", "--multi-turn"]
    assert main(line) == 0
    names = {path.name for path in (run / "questions").iterdir()}
    forms = ("llava", "cosmos_reason")
    assert names == {f"{part}_{form}.jsonl" for part in ("train", "val") for form in forms}


def test_without_questions_there_are_marks_alone(run):
    assert main(["dataset", "annotate", str(run), "--no-questions"]) == 0
    assert (run / "two/road/marks/rgb_2d.mp4").is_file()
    assert not (run / "questions").exists()


def test_the_smart_city_layout_goes_beside_the_data_set(run, tmp_path, capsys):
    out = tmp_path / "outputs"
    line = ["dataset", "annotate", str(run), "--layout", "smart-city"]
    assert main(line) == 2
    assert "--layout needs --output" in " ".join(capsys.readouterr().err.split())
    assert main([*line, "-o", str(out), "--run-id", "7"]) == 0
    rows = json.loads((out / "postprocess/carla_cosmos_annotations_balanced.json").read_text())
    assert len(rows) == 4
    assert all((out / row["video"]).is_file() for row in rows)
    assert main(["dataset", "check", str(run)]) == 0


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--camera", "rear"], "has no camera rear; there are: road"),
        (["--scenario", "three"], "has no scenario three; there are: one, two"),
        (["--split", "train=0.5"], "sum to 0.5, not 1"),
        (["--split", "a=0.4,b=0.3,c=0.3"], "2 scenario(s) cannot be split into a, b, c"),
        (["--style", "4d"], "'4d' is not one of '2d', '3d', 'mask'"),
    ],
)
def test_what_is_not_there_is_one_sentence(run, capsys, more, words):
    assert main(["dataset", "annotate", str(run), *more]) == 2
    assert words in " ".join(capsys.readouterr().err.split())
    assert not list(run.glob("*/road/marks"))
