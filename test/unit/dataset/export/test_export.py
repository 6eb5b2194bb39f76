"""An export is whole or not there, replaces only exports, and never divides a scenario."""

from __future__ import annotations

import errno
import json
import os
import shutil

import pytest
from small_dataset import write_dataset

from carla_nurec_bridge.core.errors import InputError, RunError
from carla_nurec_bridge.dataset.export.export import export_dataset
from carla_nurec_bridge.dataset.export.folder import whole_folder
from carla_nurec_bridge.dataset.export.formats import FORMATS
from carla_nurec_bridge.dataset.export.split import ALL, parse_split, split_scenarios


def quiet(*_):
    pass


def listing(folder) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("name", FORMATS)
def test_a_second_export_gives_the_same_bytes(dataset, exported, tmp_path, name):
    export_dataset(dataset, FORMATS[name], tmp_path / "out", ALL, 0, quiet)
    assert listing(tmp_path / "out") == listing(exported(name))
    suffixes = {path.suffix for path in (tmp_path / "out").rglob("*")}
    assert FORMATS[name].suffix in suffixes


@pytest.mark.parametrize("name", FORMATS)
def test_the_mark_tells_what_is_lost_and_which_image_each_number_is(exported, name):
    mark = json.loads((exported(name) / "export.json").read_text())
    assert mark["format"] == name
    assert mark["cannot_hold"] == list(FORMATS[name].cannot_hold)
    assert mark["images"]["rows"][4] == [5, "train", "one/left/000001", 1_100_000_000]


def test_counts_are_told_and_progress_goes_to_the_end(dataset, tmp_path):
    steps = []
    done = export_dataset(
        dataset, FORMATS["yolo"], tmp_path / "o", ALL, 0, lambda *step: steps.append(step)
    )
    assert steps == [(number, 12) for number in range(1, 13)]
    assert (done.images, done.scenarios) == ({"train": 12}, {"train": 2})
    assert (done.objects, done.ignored) == (12 * 6, 12 * 2)


def test_an_export_is_replaced_and_other_folders_are_not(dataset, tmp_path):
    out = tmp_path / "out"
    export_dataset(dataset, FORMATS["mot"], out, ALL, 0, quiet)
    export_dataset(dataset, FORMATS["yolo"], out, ALL, 0, quiet)
    assert not (out / "seqmaps").exists()
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="export.json"):
        export_dataset(dataset, FORMATS["yolo"], mine, ALL, 0, quiet)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "out"]
    with pytest.raises(InputError, match="lies in the data set itself"):
        export_dataset(dataset, FORMATS["yolo"], dataset.path / "out", ALL, 0, quiet)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_stood_there_stays_when_an_export_breaks_off(dataset, tmp_path, error):
    out = tmp_path / "out"
    export_dataset(dataset, FORMATS["yolo"], out, ALL, 0, quiet)
    before = listing(out)

    def stop(done: int, _: int) -> None:
        if done == 5:
            raise error

    expected = RunError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected):
        export_dataset(dataset, FORMATS["coco"], out, ALL, 0, stop)
    assert listing(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_spoilt_image_is_named(tmp_path):
    dataset = write_dataset(tmp_path / "run", ("one",), ("front",))
    (tmp_path / "run/one/front/rgb/000001.jpg").unlink()
    with pytest.raises(RunError, match=r"one/front/rgb/000001\.jpg: No such file"):
        export_dataset(dataset, FORMATS["coco"], tmp_path / "out", ALL, 0, quiet)


def test_scenarios_are_split_whole_by_the_seed():
    names = [f"s{number}" for number in range(10)]
    shares = {"train": 0.8, "val": 0.2}
    parts = split_scenarios(names, shares, 1)
    assert sorted(parts) == names
    assert sorted(parts.values()) == ["train"] * 8 + ["val"] * 2
    assert parts == split_scenarios(names[::-1], shares, 1)
    assert len({tuple(sorted(split_scenarios(names, shares, s).items())) for s in range(9)}) > 3
    assert sorted(split_scenarios(names[:2], shares, 1).values()) == ["train", "val"]
    with pytest.raises(InputError, match="1 scenario"):
        split_scenarios(names[:1], shares, 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("train=0.8", "sum to 0.8"),
        ("train=0.5,train=0.5", "train twice"),
        ("train:1", "is no part"),
        ("../x=1", "is no part"),
        ("train=nan,val=1", "is no part"),
        ("train=1,val=0", "is no part"),
    ],
)
def test_a_split_that_is_none_says_so(text, words):
    with pytest.raises(InputError, match=words):
        parse_split(text)


def test_a_split_is_read():
    assert parse_split("train=0.8, val=0.2") == {"train": 0.8, "val": 0.2}


def test_several_data_sets_become_one_without_clashes(tmp_path):
    runs = [write_dataset(tmp_path / name / "run", ("one", "two"), ("front",)) for name in "ab"]
    with pytest.raises(InputError, match="two scenarios would be called run-one; rename"):
        export_dataset(runs, FORMATS["coco"], tmp_path / "out", ALL, 0, quiet)
    runs = [write_dataset(tmp_path / name, ("one", "two"), ("front",)) for name in ("x", "y")]
    done = export_dataset(
        runs, FORMATS["coco"], tmp_path / "out", {"train": 0.5, "val": 0.5}, 0, quiet
    )
    assert done.scenarios == {"train": 2, "val": 2}
    parts = [
        json.loads((tmp_path / f"out/annotations/instances_{part}.json").read_text())
        for part in ("train", "val")
    ]
    images = sorted((one for part in parts for one in part["images"]), key=lambda one: one["id"])
    assert [one["id"] for one in images] == list(range(1, 13))
    assert [one["scenario"] for one in images[::3]] == ["x-one", "x-two", "y-one", "y-two"]
    for one in images:
        assert (tmp_path / "out/images" / one["file_name"]).is_file()
    ids = [one["id"] for part in parts for one in part["annotations"]]
    assert sorted(ids) == list(range(1, len(ids) + 1))
    mark = json.loads((tmp_path / "out/export.json").read_text())
    assert mark["source"] == ["x", "y"]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_takes_several_data_sets(tmp_path, name):
    runs = [write_dataset(tmp_path / run, ("one",), ("front",)) for run in ("x", "y")]
    done = export_dataset(runs, FORMATS[name], tmp_path / "out", ALL, 0, quiet)
    assert done.images == {"train": 6}
    images = [p for p in (tmp_path / "out").rglob("*") if p.suffix in (".jpg", ".png")]
    assert len(images) >= 6


def test_an_export_that_has_a_data_set_in_it_is_not_replaced(dataset, tmp_path):
    out = tmp_path / "out"
    export_dataset(dataset, FORMATS["mot"], out, ALL, 0, quiet)
    inside = write_dataset(out / "run", ("one",), ("front",))
    before = listing(out)
    with pytest.raises(InputError, match="holds the data set"):
        export_dataset(inside, FORMATS["mot"], out, ALL, 0, quiet)
    assert listing(out) == before


def test_what_a_killed_export_moved_away_comes_back(dataset, tmp_path):
    left = tmp_path / ".out-dead"
    export_dataset(dataset, FORMATS["mot"], left / "old", ALL, 0, quiet)
    before = listing(left / "old")
    (left / ".lock").touch()
    with pytest.raises(RuntimeError), whole_folder(tmp_path / "out"):
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert listing(tmp_path / "out") == before


def test_a_disk_that_is_full_names_what_is_written_not_what_is_read(dataset, tmp_path, monkeypatch):
    def full(source, target):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(source), None, str(target))

    monkeypatch.setattr(shutil, "copyfile", full)
    out = tmp_path / "coco"
    with pytest.raises(RunError, match=r"cannot write .*: No space left on device") as error:
        export_dataset(dataset, FORMATS["coco"], out, ALL, 0, quiet)
    assert str(dataset.path) not in str(error.value)
    assert str(tmp_path) in str(error.value)
    assert not out.exists()
