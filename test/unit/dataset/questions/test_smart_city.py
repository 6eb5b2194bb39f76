"""Stage 3 of the smart-city pipeline by its names, and without its faults."""

from __future__ import annotations

import json
import re
from fractions import Fraction

import av
import numpy as np
import pytest
from asked_dataset import FRAMES, write_asked

from carla_nurec_bridge.cosmos.clip.codec import VideoOptions
from carla_nurec_bridge.cosmos.clip.video import VideoWriter
from carla_nurec_bridge.dataset.export.smart_city import SmartCityRun
from carla_nurec_bridge.dataset.questions.smart_city import (
    SmartCityWish,
    balanced_rows,
    write_smart_city,
)
from carla_nurec_bridge.dataset.store.amend import amend
from carla_nurec_bridge.dataset.truth import MarkLimits

WISH = SmartCityWish("2d", MarkLimits(), 0.5, 1)
FILES = (
    "carla_annotations.json",
    "cosmos_annotations.json",
    "carla_cosmos_annotations.json",
    "carla_cosmos_annotations_balanced.json",
)


def written(dataset, outputs):
    place = SmartCityRun(outputs, "7")
    counts = write_smart_city(dataset, place, WISH, lambda _: None)
    return counts, [json.loads((outputs / "postprocess" / name).read_text()) for name in FILES]


def test_a_scenario_without_augmentations_is_written(tmp_path):
    outputs = tmp_path / "outputs"
    counts, (carla, cosmos, both, even) = written(write_asked(tmp_path / "run"), outputs)
    assert [row["conversations"][1]["value"] for row in carla] == ["Yes", "No"]
    assert cosmos == []
    assert both == carla
    assert sorted(map(str, even)) == sorted(map(str, carla))
    assert counts.videos == 2
    for row in carla:
        assert row.keys() == {"id", "video", "conversations"}
        assert row["id"] == row["video"]
        assert not row["video"].startswith("/")
        with av.open(str(outputs / row["video"])) as container:
            assert sum(1 for _ in container.decode(video=0)) == FRAMES
        human, gpt = row["conversations"]
        assert (human["from"], gpt["from"]) == ("human", "gpt")
        assert re.fullmatch(
            r"Is there a car collision between vehicles with numeric IDs [1-4] and [1-4]\? "
            r"Your final answer should be either Yes or No\.",
            human["value"],
        )
    names = [row["video"].rsplit("/", 1)[1] for row in carla]
    assert names == ["events_collision_rgb_som.mp4", "events_noncollision_1_rgb_som.mp4"]


def test_augmentations_have_the_same_questions_and_a_video_of_all(tmp_path):
    dataset = write_asked(tmp_path / "run")
    made = tmp_path / "made.mp4"
    writer = VideoWriter(made, 160, 88, Fraction(20), VideoOptions(preset="ultrafast"))
    for _ in range(80):
        writer.add(np.zeros((88, 160, 3), np.uint8))
    writer.close()
    amend(dataset, {}, moved={dataset.path / "crash/road/variants/01/rgb.mp4": made})
    outputs = tmp_path / "outputs"
    _, (carla, cosmos, both, _) = written(dataset, outputs)
    assert [row["conversations"] for row in cosmos] == [row["conversations"] for row in carla]
    assert both == carla + cosmos
    folder = outputs / "Cosmos/7/scenario_crash/Augmentation_0"
    assert sorted(path.name for path in folder.iterdir()) == [
        "events_collision_som.mp4",
        "events_noncollision_1_som.mp4",
        "output_allcars_som.mp4",
    ]


def test_no_collision_and_no_scenario_with_one_is_no_fault(tmp_path):
    _, (carla, _, _, even) = written(
        write_asked(tmp_path / "run", collision=False), tmp_path / "outputs"
    )
    assert [row["conversations"][1]["value"] for row in carla] == ["No"]
    assert even == carla


def row(number, answer):
    return {"id": str(number), "conversations": [{"value": "?"}, {"value": answer}]}


@pytest.mark.parametrize(
    ("yes", "no", "ratio", "kept"),
    [
        (10, 4, 0.5, (4, 4)),
        (4, 10, 0.5, (4, 4)),
        (10, 10, 0.25, (3, 10)),
        (0, 5, 0.5, (0, 5)),
        (5, 0, 0.5, (5, 0)),
        (0, 0, 0.5, (0, 0)),
    ],
)
def test_the_balanced_file_has_the_wished_share(yes, no, ratio, kept):
    rows = [row(i, "Yes" if i < yes else "No") for i in range(yes + no)]
    found = [one["conversations"][1]["value"] for one in balanced_rows(rows, ratio, 3)]
    assert (found.count("Yes"), found.count("No")) == kept
    assert balanced_rows(rows, ratio, 3) == balanced_rows(rows, ratio, 3)
