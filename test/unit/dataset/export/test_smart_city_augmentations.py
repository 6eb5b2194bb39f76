"""Accepted variants are exported as the pipeline's stage 2 leaves them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from street_dataset import COUNT, RATE_HZ, image_of, write_street, write_video
from variant_record import record

from carla_nurec_bridge.dataset.export.export import export_dataset
from carla_nurec_bridge.dataset.export.formats import FORMATS
from carla_nurec_bridge.dataset.export.split import ALL
from carla_nurec_bridge.dataset.store import Dataset
from carla_nurec_bridge.dataset.store.amend import amend


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Three variants of a clip, of which the second was rejected."""
    folder = tmp_path_factory.mktemp("stage2")
    dataset = write_street(folder / "town")
    place = dataset.scenario("street").folder
    images = [image_of(number) for number in range(COUNT)]
    for number, shown in ((1, images), (2, images), (3, images[::-1])):
        video = write_video(folder / f"{number}.mp4", shown, RATE_HZ)
        controls = {"edge": 0.5, "seg": 0.3, "vis": 0.2}
        told = record(
            video, number, accepted=number != 2, prompt=f"prompt {number}", controls=controls
        )
        contents = {
            place.variant_video("front", number): video.read_bytes(),
            place.variant_truth("front", number): told.model_dump_json().encode(),
        }
        amend(dataset, contents)
    export_dataset(dataset, FORMATS["smart-city"], folder / "out", ALL, 0, lambda *_: None)
    return folder


def test_accepted_variants_are_counted_from_0(exported):
    place = exported / "out/Cosmos/town/scenario_street"
    assert sorted(path.name for path in place.iterdir()) == ["Augmentation_0", "Augmentation_1"]
    for number, variant in enumerate((1, 3)):
        folder = place / f"Augmentation_{number}"
        assert sorted(x.name for x in folder.iterdir()) == [
            "output.json",
            "output.mp4",
            "output.txt",
        ]
        assert (folder / "output.txt").read_text().strip() == f"prompt {variant}"
        assert (folder / "output.mp4").read_bytes() == (exported / f"{variant}.mp4").read_bytes()


def test_the_metadata_names_files_that_are_there(exported):
    out = exported / "out"
    told = json.loads((out / "Cosmos/town/scenario_street/Augmentation_1/output.json").read_text())
    named = ["caption_path", "output_video_path", "original_video_path"]
    assert all((out / told[key]).is_file() for key in named)
    assert told["prompt"] == "prompt 3"
    assert sorted(told["control_videos"]) == ["edge", "seg"]  # vis is made by the server
    assert all((out / path).is_file() for path in told["control_videos"].values())
    assert told["seed"] == 5
    assert told["control_weights"] == {"edge": 0.5, "seg": 0.3, "vis": 0.2}


def test_paths_are_whole_and_lead_to_the_frames_as_the_notebook_goes(exported):
    place = exported / "out/Cosmos/town/scenario_street/Augmentation_0"
    told = json.loads((place / "output.json").read_text())
    video = Path(told["original_video_path"])
    assert video.is_absolute()
    assert list((video.parent.parent / "odvg").iterdir())


def test_variants_of_one_of_several_data_sets_are_found(exported, tmp_path):
    runs = [Dataset(exported / "town"), write_street(tmp_path / "other")]
    export_dataset(runs, FORMATS["smart-city"], tmp_path / "out", ALL, 0, lambda *_: None)
    assert sorted(path.name for path in (tmp_path / "out/CARLA").iterdir()) == ["other", "town"]
    assert [path.name for path in (tmp_path / "out/Cosmos").iterdir()] == ["town"]
    assert (tmp_path / "out/Cosmos/town/scenario_street/Augmentation_1/output.mp4").is_file()
