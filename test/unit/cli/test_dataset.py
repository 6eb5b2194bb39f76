"""The verbs of ``carla-nurec dataset`` say what they wrote and found."""

from __future__ import annotations

import hashlib
import json
import shutil

import pytest
from small_dataset import write_dataset

from carla_nurec_bridge.cli.dataset.export import NAMES
from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.dataset.export.formats import FORMATS


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp("cli") / "run").path


def test_every_format_can_be_asked_for():
    assert tuple(FORMATS) == NAMES


def test_an_export_tells_its_parts_and_what_is_lost(run, tmp_path, capsys):
    out = tmp_path / "coco"
    line = ["dataset", "export", str(run), "--to", "coco", "--split", "train=0.5,val=0.5"]
    assert main([*line, "-o", str(out)]) == 0
    told = capsys.readouterr().out
    assert "72 objects, 24 of them ignored" in told
    assert "coco cannot hold: objects without a pixel" in told
    assert (out / "annotations/instances_val.json").is_file()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--split", "train=0.4,val=0.3,test=0.3"], "2 scenario(s) cannot be split"),
        (["--split", "train=2"], "is no part of a split"),
    ],
)
def test_what_cannot_be_exported_is_one_sentence(run, tmp_path, capsys, more, words):
    line = ["dataset", "export", str(run), "--to", "yolo", "-o", str(tmp_path / "out"), *more]
    assert main(line) == 2
    assert words in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_events_of_a_scenario_without_a_map_ask_for_one(run, tmp_path, capsys):
    mapless = shutil.copytree(run, tmp_path / "run")
    path = mapless / "one/scenario.json"
    path.write_text(path.read_text().replace('"map_name": "Town01"', '"map_name": ""'))
    assert main(["dataset", "events", str(mapless)]) == 2
    assert "give the OpenDRIVE file with --map" in " ".join(capsys.readouterr().err.split())


def test_events_are_looked_for_on_the_very_map_of_the_scenario(run, tmp_path, capsys):
    text = config_path("maps", "demo_town.xodr").read_text()
    own, other = tmp_path / "own.xodr", tmp_path / "other.xodr"
    own.write_text(text)
    other.write_text(text + "<!-- edited -->")
    moved = shutil.copytree(run, tmp_path / "run")
    digest = hashlib.sha256(own.read_bytes()).hexdigest()
    for path in moved.glob("*/scenario.json"):
        path.write_text(path.read_text().replace("0" * 64, digest))
    assert main(["dataset", "events", str(moved), "--map", str(other)]) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert "one was recorded on another map than" in told
    assert main(["dataset", "events", str(moved), "--map", str(other), "--map", str(own)]) == 0


def test_a_check_tells_the_damage_and_its_place(run, tmp_path, capsys):
    assert main(["dataset", "check", str(run)]) == 0
    assert "whole; 2 scenarios, 12 views, 82 files" in capsys.readouterr().out
    spoilt = shutil.copytree(run, tmp_path / "run")
    for path in spoilt.glob("*/front/depth/*"):
        path.unlink()
    assert main(["dataset", "check", str(spoilt), "--limit", "2"]) == 1
    told = capsys.readouterr().out
    assert "one/front/depth/000000.tiff: the file is missing" in told
    assert "and 4 more" in told
    assert main(["dataset", "check", str(tmp_path)]) == 2
    assert "has no manifest.json" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "more", "words"),
    [
        (None, ["--map", "demo_town"], "s: there is no recording"),
        (b"no recording", ["--map", "demo_town"], "s.log is not a CARLA recording"),
        ("cut", ["--map", "demo_town"], "s.log holds no whole frame; record it again"),
        ("whole", ["--map", "nowhere"], "s: no map 'nowhere'"),
        ("whole", ["--map", "gone.xodr"], "s: no map file gone.xodr"),
    ],
)
def test_a_scenario_that_cannot_be_recorded_is_one_line(
    content, more, words, tmp_path, capsys, real_recording
):
    log = tmp_path / "s.log"
    if content is not None:
        whole = real_recording
        log.write_bytes({"whole": whole, "cut": whole[:3000]}.get(content, content))
    run = tmp_path / "run"
    assert main(["dataset", "record", "-f", str(log), *more, "-o", str(run)]) == 1
    told = capsys.readouterr().out
    assert words in told
    assert "0 scenarios recorded, 0 were there before, 1 failed" in told
    (row,) = [json.loads(x) for x in (run / "ledger.jsonl").read_text().splitlines()][1:]
    assert row["state"] == "failed"
    assert not list(run.glob(".*.part"))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--rig", "nosuch"], "no rig file nosuch"),
        (["--sensors", "nosuch.yaml"], "nosuch.yaml"),
        (["--fov", "1.57"], "1.57 is not in the range"),
        (["--workers", "2"], "--workers is for --ray"),
        (["-f", "a/s.log"], "two scenarios are called s"),
    ],
)
def test_what_no_scenario_can_be_recorded_with_is_told_at_once(more, words, tmp_path, capsys):
    line = ["dataset", "record", "-f", "s.log", "--map", "demo_town", *more]
    assert main([*line, "-o", str(tmp_path / "run")]) == 2
    assert words in " ".join(capsys.readouterr().err.split())
    assert not list(tmp_path.iterdir())


def test_a_run_of_another_version_is_left_alone(run, tmp_path, capsys):
    later = shutil.copytree(run, tmp_path / "run")
    path = later / "manifest.json"
    path.write_text(path.read_text().replace('"format_version": 1', '"format_version": 2'))
    before = path.read_bytes()
    assert main(["dataset", "record", "-f", "s.log", "-o", str(later)]) == 2
    assert "is of format 2, this version of the package reads 1" in capsys.readouterr().err
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("lens", "name", "words"),
    [
        ("", "events", "a camera of a data set cannot be called 'events'"),
        ("ftheta_parameters: {polynomials: {k0: 0, k1: 100}}, ", "eye", "not the model of a CARLA"),
    ],
)
def test_cameras_that_cannot_be_are_told_before_anything_begins(
    lens, name, words, tmp_path, capsys
):
    sensors, run = tmp_path / "s.yaml", tmp_path / "run"
    place = "transform: {location: {x: 1, y: 0, z: 2}}"
    sensors.write_text(f"- {{sensor: rgb, name: {name}, {lens}{place}}}\n")
    line = ["dataset", "record", "-f", str(tmp_path / "a.log"), "--sensors", str(sensors)]
    assert main([*line, "-o", str(run)]) == 2
    assert words in " ".join(capsys.readouterr().err.split())
    assert not run.exists()


def test_a_live_world_without_end_or_map_is_a_sentence(tmp_path, capsys):
    assert main(["dataset", "record", "--live", "-o", str(tmp_path / "run")]) == 2
    assert "a live world has no end" in capsys.readouterr().err


def test_a_folder_that_is_no_bag_is_not_read_whole(tmp_path, capsys, monkeypatch):
    def unread(path):
        pytest.fail(f"{path} was read")

    (tmp_path / "bag").mkdir()
    (tmp_path / "bag/film.mkv").write_bytes(b"large")
    monkeypatch.setattr("carla_nurec_bridge.cli.dataset.scenario_jobs.sha256_of", unread)
    line = ["dataset", "record", "--bag", str(tmp_path / "bag"), "-o", str(tmp_path / "run")]
    assert main(line) == 1
    assert "holds 0 .mcap files" in " ".join(capsys.readouterr().out.split())
