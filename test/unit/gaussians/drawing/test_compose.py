"""The finished picture: sky, what stands behind, and 8 bits."""

from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.frames import Matrix
from carla_nurec_bridge.gaussians.cloud import GaussianCloud, empty_cloud
from carla_nurec_bridge.gaussians.drawing.compose import composed
from carla_nurec_bridge.gaussians.drawing.frame import GaussianDrawing
from carla_nurec_bridge.gaussians.drawing.motion import motion_of
from carla_nurec_bridge.gaussians.drawing.particles import joined, rules_of
from carla_nurec_bridge.gaussians.drawing.views import camera_view
from carla_nurec_bridge.gaussians.scene import RenderSettings
from carla_nurec_bridge.gaussians.sky import seamless

from .helpers import HERE, cloud, ftheta

CAMERA = ftheta(33, 33, (0.0, 20.0))
LEVELS = 20 + 10 * np.arange(18).reshape(6, 1, 1, 3)
FACES = (LEVELS / 255.0).astype(np.float32)


def picture(
    particles: GaussianCloud, pose: Matrix = HERE, sky: object = FACES, **more: object
) -> np.ndarray:
    """Return the picture of a camera at a pose."""
    view = camera_view(CAMERA, Shutter.GLOBAL)
    motion = motion_of(pose, pose, view.fractions)
    frame = GaussianDrawing(joined(particles)).draw(view, motion, rules_of(RenderSettings()))
    return composed(frame, view, motion, None if sky is None else seamless(sky), **more)  # type: ignore[arg-type]


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
    view = camera_view(camera, Shutter.GLOBAL)
    motion = motion_of(pose, pose, view.fractions)
    frame = GaussianDrawing(joined(empty_cloud())).draw(view, motion, rules_of(RenderSettings()))
    row = composed(frame, view, motion, seamless(sky))[1].astype(int)
    # A texel is 45 degrees or more wide, 1250 pixels: full contrast is 0.2 of 255 a pixel.
    assert np.abs(np.diff(row, axis=0)).max() <= 2
    assert np.ptp(row, axis=0).max() > 10


def test_what_stands_behind_shows_through() -> None:
    """Half of it, behind a Gaussian of half opacity; colours are cut off at white."""
    half = cloud([[0, 0, 2]], [5.0], [0.5], [(1.0, 0.0, 2.0)])
    behind = np.full((33, 33, 3), 100, np.uint8)
    stands = np.zeros((33, 33), np.bool_)
    stands[:, 16:] = True
    image = picture(half, sky=None, behind=behind, stands=stands)
    assert image[16, 16] == pytest.approx((0.5 * 255 + 50, 50, 255), abs=1)
    assert image[16, 15] == pytest.approx((0.5 * 255, 0, 255), abs=1)
    assert np.array_equal(picture(half, sky=None, behind=behind)[:, 16:], image[:, 16:])


def test_rays_that_see_nothing_are_black() -> None:
    camera_corner = picture(cloud([[0, 0, 2]], [5.0], [0.9], [(1.0, 1.0, 1.0)]))
    assert camera_corner.any()
    view = camera_view(ftheta(65, 65, (0.0, 20.0), widest=0.8), Shutter.GLOBAL)
    motion = motion_of(HERE, HERE, view.fractions)
    frame = GaussianDrawing(joined(empty_cloud())).draw(view, motion, rules_of(RenderSettings()))
    image = composed(frame, view, motion, seamless(FACES))
    assert not image[0, 0].any()
    assert image[32, 32].any()
