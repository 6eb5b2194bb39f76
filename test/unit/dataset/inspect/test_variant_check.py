"""A check of a data set finds what is wrong with its variants."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from street_dataset import COUNT, RATE_HZ, image_of, write_street, write_video
from variant_record import record

from carla_nurec_bridge.dataset.inspect import check_dataset
from carla_nurec_bridge.dataset.store import Dataset
from carla_nurec_bridge.dataset.store.amend import amend


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return write_street(tmp_path_factory.mktemp("variants") / "run").path


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    images = [image_of(number) for number in range(COUNT)]
    write_video(folder / "whole.mp4", images, RATE_HZ)
    write_video(folder / "short.mp4", images[:-2], RATE_HZ)
    write_video(folder / "fast.mp4", images, 2 * RATE_HZ)
    write_video(folder / "narrow.mp4", [image[:, :200] for image in images], RATE_HZ)
    cut = (folder / "whole.mp4").read_bytes()
    (folder / "cut.mp4").write_bytes(cut[: len(cut) // 2])
    return folder


def problems(template: Path, tmp_path: Path, video: Path, place: int = 1, **changes) -> str:
    """Return what a check says of a data set with one variant."""
    dataset = Dataset(shutil.copytree(template, tmp_path / "run"))
    folder = dataset.scenario("street").folder
    text = record(video, **changes).model_dump_json().encode()
    contents = {
        folder.variant_video("front", place): video.read_bytes(),
        folder.variant_truth("front", place): text,
    }
    amend(dataset, contents)
    return "\n".join(check_dataset(Dataset(dataset.path), lambda done, of: None).problems)


def test_a_whole_variant_has_no_problem(template, videos, tmp_path):
    assert problems(template, tmp_path, videos / "whole.mp4") == ""


@pytest.mark.parametrize(
    ("video", "changes", "words"),
    [
        ("short.mp4", {}, "rgb.mp4: 14 frames, in variant.json 16"),
        ("fast.mp4", {}, "rgb.mp4: 20 frames/s, in variant.json 10"),
        ("narrow.mp4", {}, "rgb.mp4: 200x180, in variant.json 320x180"),
        ("cut.mp4", {}, "rgb.mp4: cannot be decoded beyond frame"),
        ("whole.mp4", {"sha256": "0" * 64}, "of another rgb.mp4 than the manifest"),
        ("whole.mp4", {"source_frames": (0,) * 15 + (99,)}, "source_frames are not 16"),
        ("whole.mp4", {"seed": 6}, "seed is 6, that of the chosen attempt 5"),
        ("whole.mp4", {"accepted": False}, "not accepted, with 0 faults"),
        ("whole.mp4", {"chosen": 3}, "attempt 3 was chosen of 1"),
        ("whole.mp4", {"camera": "left"}, "is of street, left, 1"),
        ("whole.mp4", {"number": 7}, "is of street, front, 7"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(template, videos, tmp_path, video, changes, words):
    told = problems(template, tmp_path, videos / video, **changes)
    assert words in told
    assert told.startswith("street/front/variants/01/")


def test_a_variant_without_a_record_is_told(template, videos, tmp_path):
    dataset = Dataset(shutil.copytree(template, tmp_path / "run"))
    video = dataset.scenario("street").folder.variant_video("front", 2)
    amend(dataset, {video: (videos / "whole.mp4").read_bytes()})
    found = check_dataset(Dataset(dataset.path), lambda done, of: None).problems
    assert found == ("street/front/variants/02: there is no variant.json",)


def test_variants_are_read_by_rising_number(template, videos, tmp_path):
    dataset = Dataset(shutil.copytree(template, tmp_path / "run"))
    folder = dataset.scenario("street").folder
    for number in (10, 2):
        text = record(videos / "whole.mp4", number).model_dump_json().encode()
        amend(dataset, {folder.variant_truth("front", number): text})
    found = dataset.scenario("street").variants("front")
    assert [one.number for one in found] == [2, 10]
