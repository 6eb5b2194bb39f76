"""Camera models against OpenCV, against themselves, and against the formulas of rescaling."""

import dataclasses
import json
from functools import cache

import cv2
import numpy as np
import pytest
from realdata import real

from carla_nurec_bridge.core.cameras.models import (
    FThetaReference,
    OpenCVFisheyeCamera,
    OpenCVPinholeCamera,
    camera_from_json,
    camera_to_json,
)
from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.errors import InputError

REAL_NAMES = [
    "camera_cross_left_120fov",
    "camera_cross_right_120fov",
    "camera_front_tele_30fov",
    "camera_front_wide_120fov",
    "camera_rear_left_70fov",
    "camera_rear_right_70fov",
]
PINHOLE = OpenCVPinholeCamera(
    1280,
    800,
    (652.3, 391.8),
    (905.2, 911.7),
    (0.21, -0.11, 0.013, 0.34, -0.09, 0.021),
    (8e-4, -6e-4),
    (4e-4, -2e-4, 3e-4, 1e-4),
)
FISHEYE = OpenCVFisheyeCamera(
    1280, 800, (652.3, 391.8), (405.2, 411.7), (0.06, -0.012, 0.004, -0.0009), 1.5
)


@cache
def real_camera(name):
    """Return a camera of a real car, without its windshield."""
    listed = json.loads(real("calibration/test_ftheta_camera_params.json").read_text())
    (entry,) = (c for c in listed.values() if c["logical_sensor_name"] == name)
    intrinsics = entry["intrinsics"]
    parameters = {
        **intrinsics,
        "resolution": entry["resolution"],
        "shutter_type": Shutter(int(entry["shutter_type"])).name,
        "reference_poly": FThetaReference(int(intrinsics["reference_poly"])).name,
        "max_angle": intrinsics["max_angle_rad"],
        "external_distortion_parameters": None,
    }
    return camera_from_json({"type": "ftheta", "parameters": parameters})


def grid(camera, step):
    """Return pixel centres of every ``step``-th pixel and the corners, (N, 2)."""
    u, v = np.meshgrid(
        np.arange(0, camera.width, step) + 0.5, np.arange(0, camera.height, step) + 0.5
    )
    w, h = camera.width - 0.5, camera.height - 0.5
    corners = [[0.5, 0.5], [w, 0.5], [0.5, h], [w, h]]
    return np.vstack([np.column_stack([u.ravel(), v.ravel()]), corners])


def angles_between(a, b):
    return np.arctan2(np.linalg.norm(np.cross(a, b), axis=1), np.sum(a * b, axis=1))


@pytest.mark.parametrize("name", REAL_NAMES)
@pytest.mark.parametrize("size", [(3840, 2160), (640, 360), (512, 320)])
def test_real_ftheta_cameras_round_trip(name, size):
    camera = real_camera(name).scaled(*size)
    pixels = grid(camera, 1 if size[0] < 1000 else 7)
    rays, valid = camera.unproject(pixels)
    assert valid.mean() > 0.97
    assert np.allclose(np.linalg.norm(rays[valid], axis=1), 1.0, atol=1e-13)
    again, seen = camera.project(rays[valid] * 17.0)
    assert seen.all()
    assert np.abs(again - pixels[valid]).max() < 1e-8
    back, _ = camera.unproject(again)
    assert angles_between(back, rays[valid]).max() < 1e-9


@pytest.mark.parametrize("name", REAL_NAMES)
def test_ftheta_inverts_its_exact_polynomial_whichever_it_is(name):
    exact = real_camera(name)
    other = dataclasses.replace(exact, reference=FThetaReference.PIXELDIST_TO_ANGLE)
    for camera, polynomial in (
        (exact, exact.angle_to_pixeldist),
        (other, other.pixeldist_to_angle),
    ):
        distances = np.linspace(1.0, 1000.0, 300)
        angles = camera.angle_of_distance(distances)
        if camera is exact:
            assert np.allclose(np.polyval(polynomial[::-1], angles), distances, rtol=1e-13)
        else:
            assert np.allclose(np.polyval(polynomial[::-1], distances), angles, rtol=1e-13)
            assert np.allclose(camera.distance_of_angle(angles), distances, rtol=1e-12)
    # NVIDIA's two polynomials agree with each other to a fraction of a pixel.
    theta = np.linspace(0.01, exact.max_angle_rad * 0.98, 200)
    assert np.abs(exact.distance_of_angle(theta) - other.distance_of_angle(theta)).max() < 1.0


@pytest.mark.parametrize("camera", [PINHOLE, FISHEYE, "camera_front_tele_30fov"])
@pytest.mark.parametrize("size", [(640, 400), (512, 320), (333, 771)])
def test_scaling_keeps_the_ray_of_every_point_of_the_image(camera, size):
    camera = real_camera(camera) if isinstance(camera, str) else camera
    small = camera.scaled(*size)
    pixels = grid(small, 13)
    rays, valid = small.unproject(pixels)
    same, also = camera.unproject(pixels * [camera.width / size[0], camera.height / size[1]])
    assert np.array_equal(valid, also)
    assert valid.any()
    assert angles_between(rays[valid], same[valid]).max() < 1e-12


def test_scaling_to_the_same_size_changes_nothing():
    for camera in (PINHOLE, FISHEYE, *map(real_camera, REAL_NAMES)):
        assert camera.scaled(camera.width, camera.height) == camera


def test_pinhole_agrees_with_opencv():
    rng = np.random.default_rng(3)
    points = rng.uniform([-3, -2, 4], [3, 2, 8], (500, 3))
    matrix = np.array([[905.2, 0, 652.3], [0, 911.7, 391.8], [0, 0, 1]])
    k = PINHOLE.radial
    distortion = np.array([*k[:2], *PINHOLE.tangential, *k[2:], *PINHOLE.thin_prism])
    expected, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), matrix, distortion)
    pixels, valid = PINHOLE.project(points)
    assert np.abs(pixels - expected[:, 0]).max() < 1e-9
    inside = ((pixels >= 0) & (pixels < [1280, 800])).all(axis=1)
    assert np.array_equal(valid, inside)
    assert 50 < valid.sum() < 500


def test_fisheye_agrees_with_opencv():
    rng = np.random.default_rng(4)
    points = rng.uniform([-6, -4, 0.6], [6, 4, 8], (500, 3))
    matrix = np.array([[405.2, 0, 652.3], [0, 411.7, 391.8], [0, 0, 1]])
    expected, _ = cv2.fisheye.projectPoints(
        points[:, None], np.zeros(3), np.zeros(3), matrix, np.array(FISHEYE.radial)
    )
    pixels, valid = FISHEYE.project(points)
    within = np.arctan2(np.hypot(*points[:, :2].T), points[:, 2]) < 1.5
    assert np.abs(pixels - expected[:, 0])[within].max() < 1e-9
    assert valid.sum() > 50


@pytest.mark.parametrize("camera", [PINHOLE, FISHEYE, OpenCVPinholeCamera.from_fov(640, 360, 90)])
def test_distortion_round_trip(camera):
    pixels = grid(camera, 3)
    rays, valid = camera.unproject(pixels)
    assert valid.mean() > 0.9
    again, seen = camera.project(rays[valid] * 3.0)
    assert seen.all()
    assert np.abs(again - pixels[valid]).max() < 1e-8


def test_pinhole_refuses_rays_beyond_the_turn_of_its_distortion():
    # k1 < 0: the distorted radius r (1 + k1 r^2) turns back at r = 1 / sqrt(-3 k1) = 1.0.
    camera = OpenCVPinholeCamera(
        800, 800, (400.0, 400.0), (300.0, 300.0), (-1.0 / 3.0, 0, 0, 0, 0, 0)
    )
    _, valid = camera.project(np.array([[0.99, 0, 1], [1.01, 0, 1], [0, 0, -1.0], [0, 0, 0.0]]))
    assert valid.tolist() == [True, False, False, False]
    furthest = 400.0 + 300.0 * (2.0 / 3.0)
    rays, valid = camera.unproject(np.array([[furthest - 0.01, 400.0], [furthest + 0.01, 400.0]]))
    assert valid.tolist() == [True, False]
    assert rays[1].tolist() == [0.0, 0.0, 0.0]


def test_nothing_is_seen_beyond_the_largest_angle_or_behind():
    camera = real_camera("camera_front_wide_120fov")
    narrow = dataclasses.replace(camera, max_angle_rad=0.5)
    directions = np.array([[np.sin(a), 0, np.cos(a)] for a in (0.0, 0.499, 0.501, 3.0)])
    assert narrow.project(directions)[1].tolist() == [True, True, False, False]
    assert camera.project(np.zeros((1, 3)))[1].tolist() == [False]
    table = narrow.scaled(64, 36).ray_table()
    lengths = np.linalg.norm(table, axis=-1)
    assert set(np.round(lengths.ravel(), 5)) == {0.0, 1.0}
    assert np.arccos(table[lengths > 0][:, 2]).max() < 0.5


def test_the_axis_goes_through_the_principal_point():
    camera = real_camera("camera_front_wide_120fov")
    pixels, _ = camera.project(np.array([[0.0, 0.0, 5.0]]))
    assert pixels[0] == pytest.approx(np.array(camera.principal_point) + 0.5, abs=1e-9)
    table = OpenCVPinholeCamera.from_fov(640, 360, 90.0).ray_table()
    assert table.dtype == np.float32
    right = table[180, 639] / table[180, 639, 2]
    assert right == pytest.approx([319.5 / 320.0, 0.5 / 320.0, 1.0], abs=1e-6)


@pytest.mark.parametrize("camera", [PINHOLE, FISHEYE, *REAL_NAMES], ids=str)
def test_json_round_trip(camera):
    camera = real_camera(camera) if isinstance(camera, str) else camera
    stored = camera_to_json(camera, Shutter.ROLLING_TOP_TO_BOTTOM)
    assert stored["parameters"]["shutter_type"] == "ROLLING_TOP_TO_BOTTOM"
    assert camera_from_json(stored) == camera


def test_bad_parameters_are_named():
    with pytest.raises(InputError, match="radial_coeffs needs exactly 4 numbers, not 6"):
        dataclasses.replace(FISHEYE, radial=(0.0,) * 6)
    with pytest.raises(InputError, match="max_angle"):
        dataclasses.replace(real_camera("camera_front_tele_30fov"), max_angle_rad=0.0)
    with pytest.raises(InputError, match="cannot be inverted"):
        dataclasses.replace(real_camera("camera_front_tele_30fov"), linear_cde=(1.0, 1.0, 1.0))
    stored = camera_to_json(FISHEYE, Shutter.GLOBAL)
    del stored["parameters"]["focal_length"]
    with pytest.raises(InputError, match="lacks its field 'focal_length'"):
        camera_from_json(stored)
    with pytest.raises(InputError, match="unknown camera model type 'magic'"):
        camera_from_json({"type": "magic", "parameters": {"resolution": [1, 1]}})
