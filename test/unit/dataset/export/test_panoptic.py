"""Every pixel of a panoptic image belongs to the segment that the JSON tells."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from small_dataset import CAR, CAST, HEIGHT, ROAD, SKY, WIDTH, mask_of

from carla_nurec_bridge.dataset.export.categories import CATEGORIES, surface
from carla_nurec_bridge.world.object_classes import ObjectClass


@pytest.fixture(scope="module")
def annotations(exported):
    return json.loads((exported("panoptic") / "annotations/panoptic_train.json").read_text())


def ids_of(folder, entry) -> np.ndarray:
    # As the COCO panoptic API does: R + 256 G + 65536 B.
    rgb = np.array(Image.open(folder / "annotations/panoptic_train" / entry["file_name"]))
    return rgb.astype(np.uint32) @ np.array([1, 256, 65536], np.uint32)


def test_ids_in_the_image_are_those_of_the_segments_with_their_areas(exported, annotations):
    categories = {one["id"] for one in annotations["categories"]}
    for entry in annotations["annotations"]:
        ids = ids_of(exported("panoptic"), entry)
        assert ids.shape == (HEIGHT, WIDTH)
        segments = {one["id"]: one for one in entry["segments_info"]}
        assert set(np.unique(ids)) == set(segments) | {0}
        for number, one in segments.items():
            rows, columns = np.nonzero(ids == number)
            x, y, width, height = one["bbox"]
            assert one["area"] == len(rows)
            assert (x, y) == (columns.min(), rows.min())
            assert (x + width, y + height) == (columns.max() + 1, rows.max() + 1)
            assert one["category_id"] in categories


def test_objects_are_things_and_the_rest_is_surfaces_crowds_or_void(exported, annotations):
    entry = annotations["annotations"][0]
    ids = ids_of(exported("panoptic"), entry)
    segments = {one["id"]: one for one in entry["segments_info"]}
    seen = {one["track_id"]: n for n, one in segments.items() if "track_id" in one}
    assert set(seen) == {track for track, *_ in CAST if mask_of(track, 0).any()}
    for track, number in seen.items():
        assert np.array_equal(ids == number, mask_of(track, 0))
    kinds = {
        (one["category_id"], one["iscrowd"]): one["area"]
        for one in segments.values()
        if "track_id" not in one
    }
    crowd = (CATEGORIES[ObjectClass.CAR].number, 1)
    assert kinds[crowd] == 12, f"cars (tag {CAR}) that are nobody's"
    assert set(kinds) == {(surface(ROAD), 0), (surface(SKY), 0), crowd}
    assert (ids[63, :60] == 0).all(), "what CARLA has no class for is void"


def test_categories_do_not_clash(annotations):
    numbers = [one["id"] for one in annotations["categories"]]
    assert len(set(numbers)) == len(numbers)
    assert {one["isthing"] for one in annotations["categories"]} == {0, 1}
