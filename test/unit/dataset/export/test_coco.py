"""pycocotools reads what we write, finds the truth equal to itself, and nothing is lost in it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from small_dataset import CAST, FRAMES, frame_of, mask_of

from carla_nurec_bridge.dataset.export.categories import CATEGORIES
from carla_nurec_bridge.dataset.export.export import export_dataset
from carla_nurec_bridge.dataset.export.formats import FORMATS
from carla_nurec_bridge.dataset.truth import ObjectTruth

NUMBERS = {category.number: one for one, category in CATEGORIES.items()}
SEEN = [row[0] for row in CAST if mask_of(row[0], 0).any()]


@pytest.fixture
def coco(exported) -> COCO:
    # Anew for each test: COCOeval writes its own "ignore" into what it is given.
    return COCO(str(exported("coco") / "annotations/instances_train.json"))


@pytest.mark.parametrize("kind", ["segm", "bbox"])
def test_the_truth_is_wholly_precise_against_itself(coco, kind):
    entries = [{**one, "score": 1.0} for one in coco.dataset["annotations"]]
    evaluation = COCOeval(coco, coco.loadRes(entries), kind)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    assert evaluation.stats[:3] == pytest.approx([1.0, 1.0, 1.0])


def test_boxes_areas_and_masks_are_those_of_the_pixels(coco):
    for entry in coco.dataset["annotations"]:
        image = coco.imgs[entry["image_id"]]
        mask = mask_of(entry["attributes"]["track_id"], image["frame"])
        rows, columns = np.nonzero(mask)
        x, y, width, height = entry["bbox"]
        assert np.array_equal(coco.annToMask(entry), mask)
        assert entry["area"] == mask.sum()
        assert (x, y) == (columns.min(), rows.min())
        assert (x + width, y + height) == (columns.max() + 1, rows.max() + 1)
        assert entry["segmentation"]["size"] == [image["height"], image["width"]]
        assert entry["iscrowd"] == 0


def test_every_camera_and_scenario_has_numbers_of_its_own(coco, exported):
    images, annotations = coco.dataset["images"], coco.dataset["annotations"]
    assert sorted(one["id"] for one in images) == list(range(1, 2 * 2 * FRAMES + 1))
    assert [one["id"] for one in annotations] == list(range(1, len(SEEN) * len(images) + 1))
    assert len({one["file_name"] for one in images}) == len(images)
    for one in images:
        assert (exported("coco") / "images" / one["file_name"]).is_file()


def test_a_round_trip_keeps_every_object_that_has_pixels(coco):
    for image in coco.dataset["images"]:
        entries = coco.loadAnns(coco.getAnnIds(imgIds=image["id"]))
        read = [
            ObjectTruth.model_validate_json(
                json.dumps(
                    {
                        **entry["attributes"],
                        "object_class": NUMBERS[entry["category_id"]].value,
                        "box_visible_px": entry["bbox"],
                        "visible_px": entry["area"],
                        "mask": entry["segmentation"],
                    }
                )
            )
            for entry in entries
        ]
        truth = frame_of(image["camera"], image["frame"])
        assert image["stamp_ns"] == truth.stamp_ns
        assert read == [one for one in truth.objects if one.mask is not None]


def test_ignored_objects_are_flagged_with_the_reason(coco):
    flags = {e["attributes"]["track_id"]: e["ignore"] for e in coco.dataset["annotations"]}
    assert flags == {1: 0, 2: 0, 3: 0, 4: 1, 6: 0}
    reasons = {e["attributes"]["ignored"] for e in coco.dataset["annotations"] if e["ignore"]}
    assert reasons == {"small"}


def test_categories_are_a_fixed_table(coco):
    assert [(c["id"], c["name"]) for c in coco.dataset["categories"]] == [
        (1, "car"),
        (2, "van"),
        (3, "truck"),
        (4, "bus"),
        (5, "motorcycle"),
        (6, "bicycle"),
        (7, "pedestrian"),
        (8, "prop"),
        (9, "other"),
        (10, "traffic_light"),
        (11, "traffic_sign"),
    ]
    assert all(c["supercategory"] for c in coco.dataset["categories"])


def test_a_second_export_and_a_split_give_the_same_numbers(dataset, coco, tmp_path):
    export_dataset(
        dataset, FORMATS["coco"], tmp_path / "o", {"train": 0.5, "val": 0.5}, 7, lambda *_: None
    )
    parts = [
        json.loads((tmp_path / f"o/annotations/instances_{part}.json").read_text())
        for part in ("train", "val")
    ]
    assert {len({one["scenario"] for one in part["images"]}) for part in parts} == {1}
    for key in ("images", "annotations"):
        both = sorted((one for part in parts for one in part[key]), key=lambda one: one["id"])
        assert both == coco.dataset[key]
