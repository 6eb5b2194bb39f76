"""The finished picture: sky, what stands behind, and 8 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.frames import Matrix
from carla_nurec_bridge.gaussians.cloud import GaussianCloud, empty_cloud
from carla_nurec_bridge.gaussians.drawing.motion import motion_of
from carla_nurec_bridge.gaussians.drawing.particles import joined, rules_of
from carla_nurec_bridge.gaussians.drawing.shadows import Footprint
from carla_nurec_bridge.gaussians.drawing.views import camera_view
from carla_nurec_bridge.gaussians.picture import Backdrop, draw_picture
from carla_nurec_bridge.gaussians.scene import RenderSettings
from carla_nurec_bridge.gaussians.sky import seamless

from . import helpers
from .helpers import HERE, cloud, ftheta

CAMERA = ftheta(33, 33, (0.0, 20.0))
LEVELS = 20 + 10 * np.arange(18).reshape(6, 1, 1, 3)
FACES = (LEVELS / 255.0).astype(np.float32)


pytestmark = pytest.mark.usefixtures("back_end")


def picture(
    particles: GaussianCloud,
    pose: Matrix = HERE,
    sky: NDArray[np.float32] | None = FACES,
    camera: Any = CAMERA,
    **more: Any,
) -> np.ndarray:
    """Return the picture of a camera at a pose."""
    view = camera_view(camera, Shutter.GLOBAL)
    motion = motion_of(pose, pose, view.fractions)
    drawing, rules = helpers.opened(joined(particles)), rules_of(RenderSettings())
    around = None if sky is None else seamless(sky)
    return draw_picture(drawing, view, motion, rules, Backdrop(around, **more))


@pytest.mark.parametrize(
    ("ahead", "face"),
    [
        # (-y, z, -x) of nre's x forward, y left, z up; faces are +x -x +y -y +z -z of that.
        ((1, 0, 0), 5),
        ((-1, 0, 0), 4),
        ((0, 1, 0), 1),
        ((0, -1, 0), 0),
        ((0, 0, 1), 2),
        ((0, 0, -1), 3),
    ],
)
def test_the_sky_has_the_face_of_its_direction(ahead: tuple[int, int, int], face: int) -> None:
    """Each face has a colour of its own; the camera looks along each axis."""
    forward = np.array(ahead, float)
    down = np.array([0.0, 1.0, 0.0]) if abs(forward[2]) > 0 else np.array([0.0, 0.0, -1.0])
    pose = np.eye(4)
    pose[:3, :3] = np.stack([np.cross(down, forward), down, forward], axis=1)
    assert np.array_equal(picture(empty_cloud(), pose)[16, 16], LEVELS[face, 0, 0])


def test_a_smooth_sky_is_looked_up_between_texels() -> None:
    """Straight up, u grows with the direction's -y: from texel middle to texel middle."""
    sky = np.zeros((6, 64, 64, 3), np.float32)
    sky[2] = (np.arange(64) + 0.5)[None, :, None] / 64
    pose = np.eye(4)
    pose[:3, :3] = np.stack([[0, -1, 0], [-1, 0, 0], [0, 0, 1]], axis=1)
    rays = CAMERA.ray_table()[16, 8:25].astype(np.float64)
    expected = 0.5 * (rays[:, 0] / rays[:, 2] + 1.0)
    inside = np.abs(expected - 0.5) < 0.45
    found = picture(empty_cloud(), pose, sky)[16, 8:25, 0] / 255.0
    assert found[inside] == pytest.approx(expected[inside], abs=0.6 / 255.0)


@pytest.mark.parametrize("corner", [False, True], ids=["edge", "corner"])
def test_a_sky_is_smooth_across_the_edges_of_its_cube(corner: bool) -> None:
    """Along a row through an edge, or a corner, a sky of few texels changes by small steps only."""
    sky = np.random.default_rng(2).uniform(0.0, 1.0, (6, 2, 2, 3)).astype(np.float32)
    forward = np.array([1.0, 1.0, 1.0 if corner else 0.3])
    forward /= np.linalg.norm(forward)
    down = np.array([-0.2, 0.1, -1.0])
    down -= forward * (down @ forward)
    down /= np.linalg.norm(down)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([np.cross(down, forward), down, forward], axis=1)
    camera = ftheta(801, 3, (0.0, 1600.0))
    row = picture(empty_cloud(), pose, sky, camera)[1].astype(int)
    # A texel is 45 degrees or more wide, 1250 pixels: full contrast is 0.2 of 255 a pixel.
    assert np.abs(np.diff(row, axis=0)).max() <= 2
    assert np.ptp(row, axis=0).max() > 10


def test_what_stands_behind_shows_through() -> None:
    """Half of it, behind a Gaussian of half opacity; colours are cut off at white."""
    half = cloud([[0, 0, 2]], [5.0], [0.5], [(1.0, 0.0, 2.0)])
    behind = np.full((33, 33, 3), 100, np.uint8)
    far = np.full((33, 33), np.inf, np.float32)
    far[:, 16:] = 3.0
    image = picture(half, sky=None, image=behind, far_m=far)
    assert image[16, 16] == pytest.approx((0.5 * 255 + 50, 50, 255), abs=1)
    assert image[16, 15] == pytest.approx((0.5 * 255, 0, 255), abs=1)
    everywhere = picture(half, sky=None, image=behind, far_m=far, everywhere=True)
    assert np.array_equal(everywhere[:, 16:], image[:, 16:])
    assert everywhere[16, 15] == pytest.approx((0.5 * 255 + 50, 50, 255), abs=1)


def test_rays_that_see_nothing_are_black() -> None:
    camera_corner = picture(cloud([[0, 0, 2]], [5.0], [0.9], [(1.0, 1.0, 1.0)]))
    assert camera_corner.any()
    image = picture(empty_cloud(), camera=ftheta(65, 65, (0.0, 20.0), widest=0.8))
    assert not image[0, 0].any()
    assert image[32, 32].any()


def test_a_body_darkens_the_ground_under_it() -> None:
    """A wall 4 m ahead, whose face a box touches: under its middle 0.35 of the light is left."""
    wall = cloud([[0, 0, 4]], [[50.0, 50.0, 1e-3]], [0.99], [(0.8, 0.8, 0.8)])
    box = np.eye(4)  # its x to the right, its top towards the camera
    box[:3, :3] = [[1, 0, 0], [0, -1, 0], [0, 0, -1]]
    box[:3, 3] = 0.0, 0.0, 3.5
    image = picture(wall, sky=None, footprints=(Footprint(box, (2.0, 1.0, 1.0)),)).astype(float)
    lit = 0.99 * 0.8 * 255.0
    assert image[16, 16, 0] == pytest.approx(0.35 * lit, abs=1.5)
    rays = CAMERA.ray_table()[16].astype(np.float64)
    beside = np.maximum(np.abs(4.0 * rays[:, 0] / rays[:, 2]) - 1.0, 0.0)
    expected = lit * (1.0 - 0.65 * np.exp(-((beside / 0.45) ** 2)))
    near = np.abs(rays[:, 0] / rays[:, 2]) < 1.0
    assert np.abs(image[16, :, 0] - expected)[near].max() < 3.0
