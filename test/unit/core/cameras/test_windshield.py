"""The windshield against its formula worked out by hand, and against itself."""

import dataclasses

import numpy as np
import pytest

from carla_nurec_bridge.core.cameras.models import (
    OpenCVFisheyeCamera,
    OpenCVPinholeCamera,
    camera_from_json,
    camera_to_json,
)
from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.cameras.windshield import Windshield, WindshieldReference
from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.rig.rig import load_rig

FTHETA = load_rig("demo").cameras[0].model
PINHOLE = OpenCVPinholeCamera(1280, 800, (652.3, 391.8), (905.2, 911.7), (-0.11, 0.01, *(0.0,) * 4))
FISHEYE = OpenCVFisheyeCamera(
    1280, 800, (652.3, 391.8), (405.2, 411.7), (0.06, -0.012, 0.004, -0.0009), 1.5
)

# Order 2 sideways and order 4 up, of the size that real glass has.
GLASS = Windshield(
    (-6.5e-4, 0.9991, 7.1e-4, -6.1e-5, 7.0e-3, 7.9e-4),
    (
        1.3e-3,
        3.0e-4,
        -6.4e-4,
        -3.0e-4,
        5.1e-4,
        1.0061,
        -3.8e-4,
        3.6e-3,
        -9.2e-4,
        1.4e-3,
        -1.0e-4,
        -3.4e-3,
        -2.5e-2,
        3.0e-4,
        -2.4e-2,
    ),
)
MIRRORED = Windshield((), (), GLASS.horizontal, GLASS.vertical, WindshieldReference.BACKWARD)


def rays(count=500):
    rng = np.random.default_rng(3)
    found = rng.normal(size=(count, 3)) * [0.6, 0.35, 0.2] + [0, 0, 1]
    return found[found[:, 2] > 0.2]


def angles_between(a, b):
    return np.arctan2(np.linalg.norm(np.cross(a, b), axis=1), np.sum(a * b, axis=1))


def test_it_is_the_formula():
    """Two terms written out: what a power of which angle does."""
    x, y, z = 0.3, -0.2, 1.0
    length = np.sqrt(x * x + y * y + z * z)
    phi, theta = np.arcsin(x / length), np.arcsin(y / length)
    glass = Windshield((0.01, 1.0, 0.02, 0.03, 0.04, 0.05), (0.0, 0.0, 1.0))
    bent = 0.01 + phi + 0.02 * phi**2 + 0.03 * theta + 0.04 * phi * theta + 0.05 * theta**2
    (ray,), (passed,) = glass.bend(np.array([[x, y, z]]))
    assert passed
    expected = [np.sin(bent), np.sin(theta)]
    assert np.allclose(ray[:2], expected, atol=1e-13)
    assert np.linalg.norm(ray) == pytest.approx(1.0, abs=1e-13)


@pytest.mark.parametrize("glass", [GLASS, MIRRORED])
def test_bending_is_undone(glass):
    before = rays()
    behind, passed = glass.bend(before)
    assert passed.all()
    again, back = glass.unbend(behind)
    assert back.all()
    assert angles_between(again, before).max() < 1e-12
    assert angles_between(behind, before).max() > 1e-3, "it does something"


def test_what_comes_from_behind_does_not_pass():
    found, passed = GLASS.bend(np.array([[0.1, 0.1, -1.0], [0.0, 0.0, 0.0]]))
    assert not passed.any()
    assert not found.any()


@pytest.mark.parametrize("camera", [FTHETA, PINHOLE, FISHEYE])
def test_cameras_behind_glass_round_trip(camera):
    camera = dataclasses.replace(camera, windshield=GLASS).scaled(640, 360)
    assert camera.windshield == GLASS
    u, v = np.meshgrid(np.arange(0.5, 640, 5), np.arange(0.5, 360, 5))
    pixels = np.column_stack([u.ravel(), v.ravel()])
    found, valid = camera.unproject(pixels)
    assert valid.mean() > 0.5
    again, seen = camera.project(found[valid] * 9.0)
    assert seen.all()
    assert np.abs(again - pixels[valid]).max() < 1e-8
    table = camera.ray_table().reshape(-1, 3)
    assert np.allclose(np.linalg.norm(table[table.any(axis=1)], axis=1), 1.0, atol=1e-6)


def test_json_keeps_the_glass():
    camera = dataclasses.replace(PINHOLE, windshield=GLASS)
    stored = camera_to_json(camera, Shutter.GLOBAL)
    assert camera_from_json(stored) == camera
    del stored["parameters"]["external_distortion_parameters"]["vertical_poly"]
    with pytest.raises(InputError, match="lack their field 'vertical_poly'"):
        camera_from_json(stored)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (((0.0, 1.0), (0.0, 0.0, 1.0)), "horizontal has 2 coefficients"),
        (((0.0, 1.0, 0.0), ()), "vertical is the exact polynomial"),
        (((0.0, float("nan"), 0.0), (0.0, 0.0, 1.0)), "finite"),
    ],
)
def test_wrong_glass_is_refused(fields, text):
    with pytest.raises(InputError, match=text):
        Windshield(*fields)
