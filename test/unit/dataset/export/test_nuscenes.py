"""nuScenes' tables hang together, and boxes come back to the cameras by their poses."""

from __future__ import annotations

import json

import numpy as np
import pytest
from small_dataset import CAST, FRAMES, MODEL, frame_of

from carla_nurec_bridge.core.frames import matrix_from_quaternion
from carla_nurec_bridge.dataset.export.nuscenes import CATEGORIES, VERSION
from carla_nurec_bridge.world.object_classes import ObjectClass

KEPT = [track for track, _, _, _, ignored in CAST if ignored is None]


@pytest.fixture(scope="module")
def tables(exported):
    folder = exported("nuscenes") / VERSION
    return {path.stem: json.loads(path.read_text()) for path in folder.iterdir()}


def by_token(rows):
    assert len({row["token"] for row in rows}) == len(rows)
    return {row["token"]: row for row in rows}


def place(row) -> np.ndarray:
    w, x, y, z = row["rotation"]
    return matrix_from_quaternion(row["translation"], (x, y, z, w))


def test_every_token_leads_to_a_row(tables):
    known = {name: by_token(rows) for name, rows in tables.items() if name != "splits"}
    assert len(known) == 13
    for name, rows in known.items():
        for row in rows.values():
            for field, value in row.items():
                target = field.removesuffix("_token").removeprefix("first_").removeprefix("last_")
                target = {"annotation": "sample_annotation"}.get(target, target)
                if field.endswith("_token"):
                    assert value in known[target], (name, field)
                elif field in ("prev", "next"):
                    assert value == "" or value in known[name]


def test_samples_are_frames_in_order_and_their_images_exist(tables, exported):
    samples = by_token(tables["sample"])
    for scene in tables["scene"]:
        token, stamps = scene["first_sample_token"], []
        while token:
            stamps.append(samples[token]["timestamp"])
            token = samples[token]["next"]
        assert stamps == [1_000_000, 1_100_000, 1_200_000]
        assert scene["nbr_samples"] == FRAMES
    assert len(tables["sample_data"]) == 2 * 2 * FRAMES
    for row in tables["sample_data"]:
        assert (exported("nuscenes") / row["filename"]).is_file()
        assert row["timestamp"] == samples[row["sample_token"]]["timestamp"]


def test_boxes_come_back_to_each_camera(tables):
    sensors, calibrated = by_token(tables["sensor"]), by_token(tables["calibrated_sensor"])
    poses, samples = by_token(tables["ego_pose"]), by_token(tables["sample"])
    instances = by_token(tables["instance"])
    categories = by_token(tables["category"])
    checked = 0
    for image in tables["sample_data"]:
        mounted = calibrated[image["calibrated_sensor_token"]]
        camera = sensors[mounted["sensor_token"]]["channel"]
        assert np.allclose(np.array(mounted["camera_intrinsic"])[0, 0], MODEL.focal_length[0])
        camera_from_map = np.linalg.inv(place(poses[image["ego_pose_token"]]) @ place(mounted))
        number = (samples[image["sample_token"]]["timestamp"] - 1_000_000) // 100_000
        truth = {one.track_id: one for one in frame_of(camera, number).objects}
        rows = [
            r for r in tables["sample_annotation"] if r["sample_token"] == image["sample_token"]
        ]
        assert len(rows) == len(KEPT)
        for row, track in zip(rows, KEPT, strict=True):
            one = truth[track]
            assert np.allclose(camera_from_map @ place(row), one.box_camera.frame_from_box())
            length, width, height = one.box_map.size_m
            assert row["size"] == [width, length, height]
            name = categories[instances[row["instance_token"]]["category_token"]]["name"]
            assert name == CATEGORIES[one.object_class]
            checked += 1
    assert checked == 2 * 2 * FRAMES * len(KEPT)


def test_visibility_and_motion_are_nuscenes_words(tables):
    attributes = {row["token"]: row["name"] for row in tables["attribute"]}
    levels = {row["token"]: row["level"] for row in tables["visibility"]}
    first = [row for row in tables["sample_annotation"] if not row["prev"]][: len(KEPT)]
    found = [
        (levels[row["visibility_token"]], [attributes[token] for token in row["attribute_tokens"]])
        for row in first
    ]
    assert found == [
        ("v0-40", ["vehicle.moving"]),
        ("v40-60", []),
        ("v60-80", ["vehicle.moving"]),
        ("v0-40", ["vehicle.moving"]),
    ]
    assert [row["nbr_annotations"] for row in tables["instance"]] == [FRAMES] * 2 * len(KEPT)
    assert tables["splits"] == {"train": ["one", "two"]}


def test_every_class_has_a_category():
    assert set(CATEGORIES) == set(ObjectClass)
