"""A reader of KITTI's own way comes back to the boxes that we have."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from small_dataset import HEIGHT, MODEL, WIDTH, frame_of, images_of, write_dataset

from carla_nurec_bridge.core.cameras.opencv_pinhole import OpenCVPinholeCamera
from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.dataset.export.export import export_dataset
from carla_nurec_bridge.dataset.export.formats import FORMATS
from carla_nurec_bridge.dataset.export.kitti import TYPES
from carla_nurec_bridge.dataset.export.split import ALL


def labels(folder, number: int) -> list[list[str]]:
    text = (folder / f"training/label_2/{number:06d}.txt").read_text()
    return [line.split(" ") for line in text.splitlines()]


def calibration(folder, number: int) -> dict[str, np.ndarray]:
    text = (folder / f"training/calib/{number:06d}.txt").read_text()
    rows = (line.split(": ") for line in text.splitlines())
    return {name: np.array(numbers.split(), float) for name, numbers in rows}


def corners(row: list[str]) -> np.ndarray:
    """Return the corners (3, 8) of a label in the camera, as KITTI's development kit makes them."""
    height, width, length = map(float, row[8:11])
    turn = float(row[14])
    x = np.array([1, 1, -1, -1, 1, 1, -1, -1]) * length / 2
    y = np.array([0, 0, 0, 0, -1, -1, -1, -1]) * height
    z = np.array([1, -1, -1, 1, 1, -1, -1, 1]) * width / 2
    c, s = np.cos(turn), np.sin(turn)
    rotation = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    return rotation @ np.stack([x, y, z]) + np.array(row[11:14], float)[:, None]


def test_a_label_has_15_columns_and_comes_back_to_the_box(exported):
    folder = exported("kitti")
    index = json.loads((folder / "export.json").read_text())["images"]["rows"]
    for number, _, name, _ in index:
        _, camera, frame = name.split("/")
        truth = frame_of(camera, int(frame))
        rows = labels(folder, number - 1)
        seen = [one for one in truth.objects if one.mask is not None]
        assert [len(row) for row in rows] == [15] * len(seen)
        for row, one in zip(rows, seen, strict=True):
            if one.ignored:
                assert row[0] == "DontCare"
                continue
            box = one.box_camera
            found = corners(row)
            assert np.allclose(found.mean(axis=1), box.centre_m, atol=1e-3)
            pose, half = box.frame_from_box(), np.array(box.size_m) / 2
            signs = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, 8)
            exact = pose[:3, :3] @ (signs * half[:, None]) + pose[:3, 3:]
            away = np.linalg.norm(found[:, :, None] - exact[:, None], axis=0).min(axis=1)
            assert away.max() < 2e-3
            assert row[0] == TYPES[one.object_class]
            left, top, right, bottom = map(float, row[4:8])
            x, y, width, height = one.box_visible_px
            assert (left, top, right, bottom) == (x, y, x + width - 1, y + height - 1)


@pytest.mark.parametrize("camera", ["roof", "drone"])
def test_boxes_lie_on_their_objects_when_the_camera_looks_down(tmp_path, camera):
    dataset = write_dataset(tmp_path / "run", ("one",), (camera,))
    export_dataset(dataset, FORMATS["kitti"], tmp_path / "out", ALL, 0, lambda *_: None)
    read = calibration(tmp_path / "out", 0)
    p2 = read["P2"].reshape(3, 4)
    seen = [one for one in frame_of(camera, 0).objects if one.mask is not None]
    for row, one in zip(labels(tmp_path / "out", 0), seen, strict=True):
        if not one.ignored:
            u, v, depth = p2 @ np.vstack([corners(row), np.ones(8)])
            found = np.stack([u / depth, v / depth])
            pose, half = one.box_camera.frame_from_box(), np.array(one.box_camera.size_m) / 2
            signs = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, 8)
            x, y, z = pose[:3, :3] @ (signs * half[:, None]) + pose[:3, 3:]
            exact = MODEL.focal_length[0] * np.stack([x / z, y / z])
            exact += np.array(MODEL.principal_point)[:, None]
            away = np.linalg.norm(found[:, :, None] - exact[:, None], axis=0).min(axis=1)
            assert away.max() < 0.02
    in_lidar = np.array([10.0, 2.0, -1.0, 1.0])
    in_camera = read["R0_rect"].reshape(3, 3) @ read["Tr_velo_to_cam"].reshape(3, 4) @ in_lidar
    u, v, w = p2 @ [*in_camera, 1.0]
    focal, (cx, cy) = MODEL.focal_length[0], MODEL.principal_point
    assert (u / w, v / w) == pytest.approx((cx - focal * 0.2, cy + focal * 0.1))


def test_alpha_is_the_turn_seen_along_the_ray_to_the_object(exported):
    for row in labels(exported("kitti"), 0):
        if row[0] != "DontCare":
            alpha, x, z, turn = (float(row[n]) for n in (3, 11, 13, 14))
            assert np.cos(alpha - (turn - np.arctan2(x, z))) == pytest.approx(1.0, abs=1e-6)
            assert -np.pi <= alpha <= np.pi


def test_occlusion_falls_in_steps_with_what_is_seen(exported):
    steps = {
        one.visible_fraction: int(row[2])
        for row, one in zip(
            labels(exported("kitti"), 0),
            [one for one in frame_of("front", 0).objects if one.mask is not None],
            strict=True,
        )
        if not one.ignored
    }
    assert steps == {0.25: 2, 0.5: 1, 0.75: 1}


def test_the_calibration_projects_to_the_pixels_of_the_camera(exported):
    read = calibration(exported("kitti"), 0)
    in_lidar = np.array([10.0, 2.0, -1.0])  # ahead, to the left, down
    in_camera = read["Tr_velo_to_cam"].reshape(3, 4) @ [*in_lidar, 1.0]
    assert np.allclose(in_camera, [-2.0, 1.0, 10.0])
    u, v, w = read["P2"].reshape(3, 4) @ [*in_camera, 1.0]
    focal, (cx, cy) = MODEL.focal_length[0], MODEL.principal_point
    assert (u / w, v / w) == pytest.approx((cx - focal * 0.2, cy + focal * 0.1))
    assert set(read) == {"P0", "P1", "P2", "P3", "R0_rect", "Tr_velo_to_cam", "Tr_imu_to_velo"}


def test_images_are_png_and_counted_without_gaps(exported):
    folder = exported("kitti") / "training/image_2"
    names = sorted(path.name for path in folder.iterdir())
    assert names == [f"{number:06d}.png" for number in range(12)]
    pixels = cv2.imread(str(folder / "000001.png"))
    assert pixels.shape == (HEIGHT, WIDTH, 3)
    assert abs(int(pixels[0, 0, 0]) - int(images_of(frame_of("front", 1))["rgb"][0, 0, 0])) <= 2
    listed = (exported("kitti") / "ImageSets/train.txt").read_text().split()
    assert [f"{name}.png" for name in listed] == names


def test_a_lens_that_kitti_cannot_hold_is_refused_and_nothing_is_left(tmp_path):
    bent = OpenCVPinholeCamera(
        WIDTH, HEIGHT, MODEL.principal_point, MODEL.focal_length, (0.1, 0, 0, 0, 0, 0)
    )
    dataset = write_dataset(tmp_path / "run", ("one",), ("front",), bent)
    with pytest.raises(InputError, match="KITTI holds pinhole cameras without distortion only"):
        export_dataset(dataset, FORMATS["kitti"], tmp_path / "out", ALL, 0, lambda *_: None)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
