"""The ODVG files of the native layout say what labels and events say, and go with them."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask
from small_dataset import DT_NS, FRAMES, HEIGHT, T0_NS, WIDTH, mask_of, write_dataset

from carla_nurec_bridge.dataset.events import write_events
from carla_nurec_bridge.dataset.inspect import check_dataset
from carla_nurec_bridge.dataset.odvg import odvg_files
from carla_nurec_bridge.dataset.odvg.frame import polygons
from carla_nurec_bridge.dataset.store import Dataset, amend
from carla_nurec_bridge.dataset.truth import Mask


@pytest.fixture
def dataset(tmp_path) -> Dataset:
    made = write_dataset(tmp_path / "run", ("one",))
    scenario = made.scenario("one")
    amend(made, dict(odvg_files(scenario, scenario.events())))
    return made


def problems_of(dataset: Dataset) -> tuple[str, ...]:
    return check_dataset(Dataset(dataset.path), lambda *_: None).problems


def frame(dataset: Dataset, number: int = 1, camera: str = "left") -> dict:
    return json.loads((dataset.path / f"one/odvg/{camera}/{number:06d}.json").read_text())


def test_each_camera_has_a_file_a_frame_that_names_images_of_the_scenario(dataset):
    for camera in ("front", "left"):
        for number in range(FRAMES):
            content = frame(dataset, number, camera)
            names = {
                key: content[key] for key in content if key.endswith(("file_name", "filename"))
            }
            assert len(names) == 5
            for name in names.values():
                assert (dataset.path / "one" / name).is_file()
            assert names["image_filename"] == f"{camera}/rgb/{number:06d}.jpg"
            assert content["stamp_ns"] == T0_NS + number * DT_NS
    assert problems_of(dataset) == ()


def test_ids_above_16_bits_are_whole_beside_what_the_pixels_have(dataset):
    found = {one["track_id"]: one for one in frame(dataset)["detections"]["instances"]}
    assert {track: one["object-id"] for track, one in found.items()} == {
        1: 40753,
        2: 300,
        3: 70000,
        4: 12,
        6: -6,
    }
    assert found[3]["pixel_id"] == 70000 - 65536
    ids = cv2.imread(
        str(dataset.path / "one" / frame(dataset)["instance_segmentation_file_name"]), -1
    )
    assert np.array_equal(ids == found[3]["pixel_id"], mask_of(3, 1))


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (("detections", "instances", 0, "object-id"), 7),
        (("detections", "instances", 1, "bbox_2d", 2), 3),
        (("detections", "instances", 0, "bbox_3d", "rotation", "yaw"), 0.0),
        (("events", 0, "collision_actors", 1), 12),
        (("timestamp",), 0.0),
        (("depth_file_name",), "left/depth/000002.tiff"),
    ],
)
def test_a_value_that_the_labels_do_not_say_is_named(dataset, at, value):
    path = dataset.path / "one/odvg/left/000001.json"
    content = json.loads(path.read_text())
    inner = content
    for key in at[:-1]:
        inner = inner[key]
    assert inner[at[-1]] != value
    inner[at[-1]] = value
    path.write_text(json.dumps(content))
    told = ".".join(map(str, at))
    sentence = f"one/odvg/left/000001.json: {told} is not what the labels and events say"
    assert sentence in problems_of(dataset)


def test_a_file_that_is_cut_or_missing_is_named(dataset):
    path = dataset.path / "one/odvg/front/000000.json"
    path.write_bytes(path.read_bytes()[:90])
    (dataset.path / "one/odvg/left/000002.json").unlink()
    problems = problems_of(dataset)
    assert any(p.startswith("one/odvg/front/000000.json is no JSON") for p in problems)
    assert "one/odvg/left/000002.json: the file is missing" in problems


def test_new_events_come_into_the_frames_in_which_they_go_on(dataset):
    scenario = dataset.scenario("one")
    (event,) = scenario.events()
    earlier = event.model_copy(update={"start_ns": T0_NS, "end_ns": T0_NS})
    assert [len(frame(dataset, number)["events"]) for number in range(FRAMES)] == [0, 1, 1]
    write_events(dataset, scenario, (earlier,), {})
    assert [len(frame(dataset, number)["events"]) for number in range(FRAMES)] == [1, 0, 0]
    assert problems_of(dataset) == ()


def filled(outlines: list[list[float]]) -> np.ndarray:
    points = [np.array(one, np.int32).reshape(-1, 2) for one in outlines]
    return cv2.fillPoly(np.zeros((HEIGHT, WIDTH), np.uint8), points, 1)


def test_polygons_lose_no_part_that_is_a_pixel_wide():
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[5:20, 8] = True
    mask[30:40, 20:50] = True
    rectangle, line = sorted(polygons(Mask.of(mask), (8, 5, 42, 35)), key=lambda flat: -flat[1])
    assert line == [8, 5, 9, 5, 9, 20, 8, 20]
    assert filled([rectangle]).sum() == 10 * 30


def test_a_ring_is_whole_in_its_run_lengths_and_filled_in_its_polygon(dataset):
    (ring,) = [o for o in frame(dataset)["detections"]["instances"] if o["track_id"] == 1]
    mask = mask_of(1, 1)
    assert np.array_equal(coco_mask.decode(ring["mask_rle"]), mask)
    assert filled(ring["mask"]).sum() == 20 * 30 > mask.sum()


@pytest.mark.parametrize("seed", range(5))
def test_a_part_of_a_mask_is_cut_out_of_it(seed):
    random = np.random.default_rng(seed)
    mask = random.random((HEIGHT, WIDTH)) < 0.3
    left, top = random.integers(0, (WIDTH - 9, HEIGHT - 9))
    width, height = random.integers(1, (WIDTH - left, HEIGHT - top))
    part = Mask.of(mask).part(int(left), int(top), int(width), int(height))
    assert np.array_equal(part, mask[top : top + height, left : left + width])
