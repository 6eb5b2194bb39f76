"""YOLO's labels are found by the images' paths and come back to the boxes."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from small_dataset import HEIGHT, WIDTH, frame_of, write_dataset

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.dataset.export.export import export_dataset
from carla_nurec_bridge.dataset.export.formats import FORMATS
from carla_nurec_bridge.dataset.export.split import ALL


def label_of(image: Path) -> Path:
    """Return the labels of an image as YOLO's tools look for them."""
    head, _, tail = str(image).rpartition("/images/")
    return Path(f"{head}/labels/{tail}").with_suffix(".txt")


def test_boxes_come_back_by_the_paths_of_the_images(exported):
    table = yaml.safe_load((exported("yolo") / "data.yaml").read_text())
    images = sorted((exported("yolo") / table["train"]).rglob("*.jpg"))
    assert len(images) == 12
    for image in images:
        camera, frame = image.parts[-2], int(image.stem)
        rows = [line.split() for line in label_of(image).read_text().splitlines()]
        kept = [one for one in frame_of(camera, frame).kept() if one.mask is not None]
        assert len(rows) == len(kept)
        for row, one in zip(rows, kept, strict=True):
            cx, cy, width, height = map(float, row[1:])
            assert max(cx + width / 2, cy + height / 2) <= 1.0 + 1e-6
            box = (
                (cx - width / 2) * WIDTH,
                (cy - height / 2) * HEIGHT,
                width * WIDTH,
                height * HEIGHT,
            )
            assert box == pytest.approx(one.box_visible_px, abs=1e-4)
            assert table["names"][int(row[0])] == one.object_class.value


def test_classes_are_in_a_fixed_order_and_validation_has_images(exported):
    table = yaml.safe_load((exported("yolo") / "data.yaml").read_text())
    assert table["names"][0] == "car"
    assert table["names"][6] == "pedestrian"
    assert table["val"] == table["train"] == "images/train"


def test_a_split_has_folders_of_its_own(dataset, tmp_path):
    shares = {"train": 0.5, "val": 0.5}
    export_dataset(dataset, FORMATS["yolo"], tmp_path / "o", shares, 0, lambda *_: None)
    table = yaml.safe_load((tmp_path / "o/data.yaml").read_text())
    assert (table["train"], table["val"]) == ("images/train", "images/val")
    scenarios = [{path.name for path in (tmp_path / "o/images" / p).iterdir()} for p in shares]
    assert sorted(map(len, scenarios)) == [1, 1]
    assert not scenarios[0] & scenarios[1]


def test_a_name_that_leads_labels_astray_is_refused(tmp_path):
    dataset = write_dataset(tmp_path / "run", ("images",), ("front",))
    with pytest.raises(InputError, match="finds labels by the folder's name images"):
        export_dataset(dataset, FORMATS["yolo"], tmp_path / "out", ALL, 0, lambda *_: None)


def test_a_part_that_would_be_taken_for_a_word_of_the_table_is_refused(dataset, tmp_path):
    shares = {"train": 0.5, "names": 0.5}
    with pytest.raises(InputError, match="cannot be called names"):
        export_dataset(dataset, FORMATS["yolo"], tmp_path / "o", shares, 0, lambda *_: None)
    assert not (tmp_path / "o").exists()
