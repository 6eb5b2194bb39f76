"""Files that later stages add to a finished data set: whole, known, and nobody else's lost."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import threading
from pathlib import Path

import pytest
from small_dataset import write_dataset

from carla_nurec_bridge.core.errors import DeadlineError, InputError, RunError
from carla_nurec_bridge.core.files.lock import locked
from carla_nurec_bridge.core.machine.interrupts import uninterrupted
from carla_nurec_bridge.dataset.inspect import check_dataset
from carla_nurec_bridge.dataset.store import Dataset, amend, change


def is_whole(run: Path) -> bool:
    return not check_dataset(Dataset(run), lambda *_: None).problems


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    return write_dataset(tmp_path / "run", ("one",), ("front",))


def test_contents_and_ready_files_are_there_and_known(data: Dataset, tmp_path: Path) -> None:
    video = tmp_path / "made.mp4"
    video.write_bytes(b"frames")
    place = data.path / "one/front/rgb.mp4"
    amend(data, {data.path / "show/index.html": b"x"}, moved={place: video})
    assert place.read_bytes() == b"frames"
    assert not video.exists()
    files = Dataset(data.path).manifest.files
    assert files["one/front/rgb.mp4"] == hashlib.sha256(b"frames").hexdigest()
    assert files == data.manifest.files
    assert "show/index.html" in files
    assert is_whole(data.path)
    assert not list(data.path.glob(".amend*"))


def test_replaced_files_go_and_so_do_empty_folders(data: Dataset) -> None:
    extra = data.path / "one/front/extra"
    amend(data, {extra / "00/x.bin": b"a", extra / "01/x.bin": b"b"})
    amend(data, {extra / "00/x.bin": b"c"}, replaces=[extra])
    assert [x.name for x in extra.rglob("*")] == ["00", "x.bin"]
    assert is_whole(data.path)
    amend(data, {}, replaces=[extra])
    assert not extra.exists()
    assert is_whole(data.path)


def test_a_folder_is_replaced_and_none_whose_name_begins_like_it(data: Dataset) -> None:
    amend(data, {data.path / "one/marks/a": b"a", data.path / "one/marks_b/a": b"b"})
    amend(data, {}, replaces=[data.path / "one/marks"])
    assert "one/marks_b/a" in data.manifest.files
    assert "one/marks/a" not in data.manifest.files


def test_a_file_may_be_made_in_its_place(data: Dataset) -> None:
    place = data.path / "one/front/rgb.mp4"
    place.write_bytes(b"frames")
    amend(data, {}, moved={place: place})
    assert place.read_bytes() == b"frames"
    assert is_whole(data.path)


def test_writers_at_once_lose_nothing(data: Dataset) -> None:
    def add(number: int) -> None:
        mine = Dataset(data.path)
        for turn in range(5):
            amend(mine, {mine.path / f"show/{number}-{turn}.html": b"x"})

    writers = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for one in writers:
        one.start()
    for one in writers:
        one.join(60)
    told = {name for name in Dataset(data.path).manifest.files if name.startswith("show/")}
    assert told == {f"show/{number}-{turn}.html" for number in range(4) for turn in range(5)}
    assert is_whole(data.path)


def test_a_writer_that_does_not_end_is_told(data: Dataset, monkeypatch) -> None:
    monkeypatch.setattr(change, "_WAIT_S", 0.1)
    with (
        locked(data.path / ".lock", 0, "I"),
        pytest.raises(DeadlineError, match=r"another command changes .*run for 0\.1 s"),
    ):
        amend(data, {data.path / "show/index.html": b"x"})
    assert is_whole(data.path)


def test_what_a_killed_writer_left_goes(data: Dataset) -> None:
    left, held = data.path / ".amend-dead", data.path / ".amend-alive"
    for folder in (left, held):
        folder.mkdir()
    (left / ".lock").touch()
    with locked(held / ".lock", 0, "I"):
        amend(data, {data.path / "show/index.html": b"x"})
        assert [x.name for x in data.path.glob(".amend*")] == [".amend-alive"]
    assert not left.exists()


def test_a_full_disk_leaves_all_as_it_was(data: Dataset, monkeypatch) -> None:
    events = data.path / "one/events/events.json"
    before = data.path.joinpath("manifest.json").read_bytes(), events.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match="cannot write .*No space left on device"):
        amend(data, {events: b"[]\n"})
    monkeypatch.undo()
    assert (data.path.joinpath("manifest.json").read_bytes(), events.read_bytes()) == before
    assert not list(data.path.glob(".amend*"))


def test_a_scenario_that_was_recorded_anew_gets_no_file_of_the_old_one(data: Dataset) -> None:
    other = Dataset(data.path)
    amend(other, {other.path / "one/scenario.json": b"{}"})
    with pytest.raises(RunError, match="one was recorded anew meanwhile"):
        amend(data, {data.path / "one/front/rgb.mp4": b"old"})
    assert not (data.path / "one/front/rgb.mp4").exists()


@pytest.mark.parametrize("name", ["manifest.json", ".lock", "../x", "one/.x/y"])
def test_no_file_lands_elsewhere(data: Dataset, name: str) -> None:
    with pytest.raises(InputError, match="is no place for a file of the data set"):
        amend(data, {data.path / name: b"x"})


def test_an_interruption_waits_for_the_last_step() -> None:
    steps = []

    def work() -> None:
        with uninterrupted():
            steps.append("first")
            signal.raise_signal(signal.SIGINT)
            steps.append("last")
        steps.append("never")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert steps == ["first", "last"]
