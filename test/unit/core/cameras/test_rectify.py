"""Rectified pictures are what a pinhole would have seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.core.cameras.models import (
    OpenCVFisheyeCamera,
    OpenCVPinholeCamera,
    Windshield,
)
from carla_nurec_bridge.core.cameras.rectify import (
    projection_rows,
    rectified_view,
    rectify_maps,
    windshield_shift_px,
)
from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.rig.rig import load_rig

PINHOLE = OpenCVPinholeCamera(320, 200, (161.0, 99.0), (250.0, 251.0), (-0.2, 0.05, 0, 0, 0, 0))
FISHEYE = OpenCVFisheyeCamera(320, 200, (160.0, 100.0), (120.0, 120.0), (0.02, -0.01, 0, 0), 1.4)


def test_the_pinhole_maps_are_those_of_opencv():
    matrix = np.array([[250.0, 0, 160.5], [0, 251.0, 98.5], [0, 0, 1]])
    distortion = np.array([-0.2, 0.05, 0, 0, 0])
    wanted = cv2.initUndistortRectifyMap(
        matrix, distortion, np.eye(3), matrix, (320, 200), cv2.CV_32FC1
    )
    found = rectify_maps(PINHOLE, rectified_view(PINHOLE))
    seen = found[0] > -1000
    assert seen.mean() > 0.9
    for ours, theirs in zip(found, wanted, strict=True):
        assert np.abs(ours - theirs)[seen].max() < 1e-3


def test_a_straight_line_in_the_world_is_straight_again():
    model = load_rig("demo").cameras[0].model
    view = rectified_view(model)
    points = np.column_stack([np.linspace(-8, 8, 400), np.full(400, -1.5), np.full(400, 10.0)])
    pixels, valid = model.project(points)
    picture = np.zeros((model.height, model.width), np.uint8)
    line = ((pixels[valid] - 0.5) * 16).round().astype(np.int32)
    cv2.polylines(picture, [line], False, 255, 2, cv2.LINE_AA, 4)
    flat = cv2.remap(picture, *rectify_maps(model, view), cv2.INTER_LINEAR).astype(float)
    columns = np.flatnonzero(flat.max(axis=0) > 100)
    rows = (flat * np.arange(view.height)[:, None]).sum(axis=0)[columns] / flat.sum(axis=0)[columns]
    row = projection_rows(view)[5] * -0.15 + projection_rows(view)[6]
    assert len(columns) > 400
    assert np.abs(rows - row)[8:-8].max() < 0.3


def test_the_field_of_view_is_as_asked():
    view = rectified_view(FISHEYE, 110.0)
    assert 2 * np.degrees(np.arctan(160.0 / view.focal_length[0])) == pytest.approx(110.0)
    with pytest.raises(InputError, match="180 degrees wide"):
        rectified_view(FISHEYE, 180.0)


def test_pictures_of_another_shape_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    cv2.imwrite(str(tmp_path / "square.png"), np.zeros((40, 40, 3), np.uint8))
    camera = ("--rig", "demo", "--camera", "front_wide_120fov", "--out", str(tmp_path / "flat"))
    assert main(["rectify", str(tmp_path / "square.png"), *camera]) == 2
    assert "40x40, another shape than the camera's 640x360" in capsys.readouterr().err
    assert main(["rectify", str(tmp_path / "none.png"), *camera]) == 2
    assert "there is no image and no folder" in capsys.readouterr().err


def test_a_windshield_shows_in_pixels():
    glass = Windshield((0.001, 1.0, 0.0), (0.0, 0.0, 1.0))
    assert windshield_shift_px(FISHEYE) == 0.0
    assert windshield_shift_px(replace(FISHEYE, windshield=glass)) > 0.1
