"""ODVG's frames: the original's fields, without its faults."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask
from small_dataset import CAST, MAP_FROM_CAMERA, mask_of

from carla_nurec_bridge.core.frames import matrix_from_carla


@pytest.fixture(scope="module")
def frames(exported):
    folder = exported("odvg") / "train/one/left/odvg"
    return [json.loads(path.read_text()) for path in sorted(folder.iterdir())]


def instances(frame) -> dict[int, dict]:
    return {one["track_id"]: one for one in frame["detections"]["instances"]}


def test_a_frame_names_files_that_are_there_and_depth_does_not_wrap(exported, frames):
    folder = exported("odvg") / "train/one/left"
    names = [key for key in frames[1] if key.endswith(("_name", "_filename"))]
    assert len(names) == 5
    for key in names:
        assert (folder / frames[1][key]).is_file()
    assert frames[1]["frame_id"] == "frame_000000000001"
    assert frames[1]["image_filename"] == "rgb/frame_000000000001.jpg"
    depth = cv2.imread(str(folder / frames[1]["depth_file_name"]), cv2.IMREAD_UNCHANGED)
    assert depth.dtype == np.float32
    assert (depth == 100.0).all(), "16-bit millimetres would say 34.464 m"


def test_ids_are_whole_and_boxes_those_of_the_masks(frames):
    for number, frame in enumerate(frames):
        found = instances(frame)
        assert {track: one["object-id"] for track, one in found.items()} == {
            1: 40753,
            2: 300,
            3: 70000,
            4: 12,
            6: -6,
        }
        for track, one in found.items():
            mask = mask_of(track, number)
            rows, columns = np.nonzero(mask)
            assert one["bbox_2d"] == [columns.min(), rows.min(), columns.max(), rows.max()]
            assert np.array_equal(coco_mask.decode(one["mask_rle"]), mask)
        assert found[4]["ignored"] == "small"


def test_objects_are_described_once_for_all_frames(exported):
    told = json.loads((exported("odvg") / "train/two/front/instances.json").read_text())
    assert sorted(told["instances"]) == [
        f"object_{number}" for number in (-6, 12, 300, 40753, 70000)
    ]
    assert told["instances"]["object_40753"] == {
        "object_type": "car",
        "instance_id": 40753,
        "color": [10, 20, 30],
        "caption": None,
    }


def test_yaw_is_the_objects_own_in_the_world_and_in_the_camera(frames):
    turn = np.degrees(0.6)
    for track, _, _, yaw, _ in CAST:
        if track != 5:
            one = instances(frames[0])[track]
            world, camera = one["bbox_3d_world"], one["bbox_3d"]
            # CARLA's world is left-handed: y and yaw are mirrored.
            location = [world["center"][axis] for axis in "xyz"]
            rotation = [world["rotation"][name] for name in ("pitch", "yaw", "roll")]
            place = matrix_from_carla(location, rotation)
            assert rotation[1] == pytest.approx(-np.degrees(yaw))
            away = np.radians(camera["rotation"]["yaw"] - (np.degrees(yaw) - turn))
            assert np.cos(away) == pytest.approx(1.0)
            in_camera = np.linalg.inv(MAP_FROM_CAMERA["left"]) @ place[:, 3]
            assert np.allclose([camera["center"][axis] for axis in "xyz"], in_camera[:3])
            assert camera["distance_to_camera"] == pytest.approx(np.linalg.norm(in_camera[:3]))


def test_frames_tell_the_events_that_go_on_and_seconds_with_fractions(frames):
    assert [len(frame["events"]) for frame in frames] == [0, 1, 1]
    assert frames[1]["events"][0]["event_id"] == "collision_001"
    assert frames[1]["events"][0]["collision_actors"] == [40753, 70000]
    assert [frame["timestamp"] for frame in frames] == pytest.approx([0.0, 0.1, 0.2])
