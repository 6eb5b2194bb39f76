"""Clouds of many Gaussians beside the formula in float64, and motion beside what it equals."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.polynomial.legendre import leggauss

from carla_nurec_bridge.core.cameras.models import OpenCVFisheyeCamera, OpenCVPinholeCamera
from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.frames import invert, matrix_from_xyz_rpy
from carla_nurec_bridge.gaussians.cloud import concatenated, empty_cloud
from carla_nurec_bridge.gaussians.drawing.colour import radiance
from carla_nurec_bridge.gaussians.drawing.motion import BodyMotion
from carla_nurec_bridge.gaussians.drawing.particles import rules_of
from carla_nurec_bridge.gaussians.scene import RenderSettings

from .helpers import HERE, brute_force, cloud, draw, ftheta, psnr, random_cloud

FTHETA = ftheta(96, 64, (0.0, 60.0, 0.0, -1.0))
PINHOLE = OpenCVPinholeCamera(
    96, 64, (47.0, 33.0), (70.0, 71.0), (-0.1, 0.02, 0, 0, 0, 0), (0.001, -0.002)
)
FISHEYE = OpenCVFisheyeCamera(96, 64, (48.0, 32.0), (60.0, 60.0), (0.01, -0.002, 0, 0), 1.4)
START = matrix_from_xyz_rpy([-0.2, 0.1, 0.3], [0.02, -0.03, 0.05])
END = matrix_from_xyz_rpy([0.3, 0.0, 0.5], [-0.03, 0.04, -0.02])


@pytest.mark.usefixtures("back_end")
@pytest.mark.parametrize("camera", [FTHETA, PINHOLE, FISHEYE])
def test_many_gaussians_look_as_in_float64(camera: object) -> None:
    """All Gaussians at every second pixel, through three lenses, with a rolling shutter."""
    many = random_cloud(300, 3, degree=3)
    frame = draw(many, camera, START, END)
    pixels = np.stack(np.meshgrid(np.arange(0, 64, 2), np.arange(0, 96, 3), indexing="ij"), -1)
    pixels = pixels.reshape(-1, 2)
    colour, passed, depth = brute_force(many, camera, pixels, START, END)
    at = tuple(pixels.T)
    assert psnr(np.clip(frame.colour[at], 0, 1), np.clip(colour, 0, 1)) > 58.0
    assert psnr(frame.transmittance[at], passed) > 58.0
    assert psnr(frame.depth_sum[at] / 8.0, depth / 8.0) > 58.0


@pytest.mark.usefixtures("back_end")
def test_order_by_depth_is_a_switch() -> None:
    """A Gaussian to the side is farther away but less deep than one ahead."""
    pair = cloud([[1.4, 0, 3], [1.5, 0.0, 3.2]], [0.6, 0.6], [0.9, 0.9], [(1, 0, 0), (0, 1, 0)])
    many = concatenated([pair, random_cloud(200, 5)])
    pixels = np.stack(np.meshgrid(np.arange(0, 64, 3), np.arange(0, 96, 3), indexing="ij"), -1)
    pixels = pixels.reshape(-1, 2)
    by_depth = draw(many, FTHETA, settings=RenderSettings(global_z_order=True))
    colour, _, _ = brute_force(many, FTHETA, pixels, z_order=True)
    assert psnr(np.clip(by_depth.colour[tuple(pixels.T)], 0, 1), np.clip(colour, 0, 1)) > 58.0
    assert psnr(draw(many, FTHETA).colour, by_depth.colour) < 50.0


@pytest.mark.usefixtures("back_end")
def test_a_moving_body_is_a_camera_that_moves_the_other_way() -> None:
    """All Gaussians in one body, standing still under a moving camera or the reverse."""
    body = random_cloud(200, 7, degree=0)
    by_camera = draw(body, FTHETA, HERE, END)
    poses = [BodyMotion(HERE, invert(END))]
    by_body = draw(empty_cloud(), FTHETA, bodies=[body], poses=poses)
    # Both go straight, but about different points; so their turns differ a little on the way.
    assert psnr(by_body.colour, by_camera.colour) > 40.0
    shift = matrix_from_xyz_rpy([0.3, -0.1, 0.4], [0.0, 0.0, 0.0])
    by_camera = draw(body, FTHETA, HERE, shift)
    by_body = draw(empty_cloud(), FTHETA, bodies=[body], poses=[BodyMotion(HERE, invert(shift))])
    assert psnr(by_body.colour, by_camera.colour) > 60.0
    assert psnr(draw(body, FTHETA).colour, by_camera.colour) < 30.0


@pytest.mark.usefixtures("back_end")
def test_a_posed_body_looks_as_if_it_were_part_of_the_scene() -> None:
    """Harmonics turn along, and hidden bodies are not there."""
    body, static = random_cloud(150, 9, degree=3), random_cloud(80, 10)
    pose = matrix_from_xyz_rpy([0.4, -0.3, 0.6], [0.1, -0.2, 0.15])
    apart = draw(
        static, FTHETA, START, END, bodies=[body, body], poses=[BodyMotion(pose, pose), None]
    )
    baked = draw(concatenated([static, body.transformed(pose)]), FTHETA, START, END)
    assert psnr(apart.colour, baked.colour) > 60.0
    assert psnr(apart.transmittance, baked.transmittance) > 60.0


@pytest.mark.usefixtures("back_end")
def test_bodies_beside_the_view_do_not_change_it() -> None:
    """Around the camera, turned about the vertical: those that are seen are drawn as alone."""
    body = random_cloud(60, 12, reach=0.3).transformed(
        matrix_from_xyz_rpy([0.0, 0.0, -4.0], [0.0, 0.0, 0.0])
    )
    poses = []
    for turn in np.linspace(0.0, 2.0 * np.pi, 13)[:-1]:
        place = matrix_from_xyz_rpy([5.0 * np.sin(turn), 0.0, 5.0 * np.cos(turn)], [0.0, 0.0, 0.0])
        poses.append(BodyMotion(place, place))
    together = draw(empty_cloud(), FTHETA, START, END, bodies=[body] * 12, poses=poses)
    placed = [body.transformed(pose.scene_from_body_start) for pose in poses]
    assert psnr(together.colour, draw(concatenated(placed), FTHETA, START, END).colour) > 60.0
    with pytest.raises(InputError, match="11 bodies for Gaussians of 12"):
        draw(empty_cloud(), FTHETA, bodies=[body] * 12, poses=poses[1:])


@pytest.mark.usefixtures("back_end")
def test_rays_end_where_something_stands() -> None:
    """What lies behind the end of a ray is hidden, what lies before it stays."""
    pair = cloud([[0, 0, 2], [0, 0, 4]], [0.2, 0.3], [0.5, 0.9], [(1, 0, 0), (0, 1, 0)])
    far = np.full((64, 96), 3.0, np.float32)
    far[:, 52:] = np.inf
    ended, whole = draw(pair, FTHETA, far_m=far), draw(pair, FTHETA)
    alone = draw(pair.select(np.array([0])), FTHETA)
    assert np.array_equal(ended.colour[:, :52], alone.colour[:, :52])
    assert np.array_equal(ended.colour[:, 52:], whole.colour[:, 52:])
    with pytest.raises(InputError, match="do not fit"):
        draw(pair, FTHETA, far_m=far[1:])


@pytest.mark.usefixtures("back_end")
def test_half_way_and_heaviest() -> None:
    """0.3 of 0.8 pass the first, so half is reached at the second; the second gives most."""
    three = cloud([[0, 0, 2], [0, 0, 3], [0, 0, 4]], [1.0] * 3, [0.3, 0.8, 0.9], np.zeros((3, 3)))
    frame = draw(three, FTHETA, half=True, heaviest=True)
    assert frame.half_m is not None
    assert frame.heaviest is not None
    assert frame.half_m[32, 48] == pytest.approx(3.0, abs=1e-3)
    assert frame.heaviest[32, 48] == 1
    nothing = draw(three.select(np.array([0])), FTHETA, half=True, heaviest=True)
    assert nothing.half_m is not None
    assert np.isinf(nothing.half_m).all()


def test_only_gaussian_kernels_are_drawn() -> None:
    with pytest.raises(InputError, match="degree 4"):
        rules_of(RenderSettings(kernel_degree=4))


def test_harmonics_are_orthonormal_as_the_kernel_sums_them() -> None:
    """The colour of one coefficient of 1, at directions of a quadrature of the sphere."""
    nodes, weights = leggauss(8)
    turns = 2.0 * np.pi * np.arange(16) / 16
    z, turn = (grid.ravel() for grid in np.meshgrid(nodes, turns, indexing="ij"))
    side = np.sqrt(1.0 - z * z)
    directions = np.stack([side * np.cos(turn), side * np.sin(turn), z], axis=1)
    values = np.zeros((16, len(z)))
    for k in range(16):
        sh = np.zeros((1, 16, 3), np.float32)
        sh[0, 0] = 4.0
        sh[0, k, 0] += 1.0
        for n, (x, y, up) in enumerate(directions):
            # The constant term keeps the sum above zero, where it would be cut off.
            values[k, n] = radiance(sh, 0, x, y, up)[0] - 0.5 - 4.0 * 0.28209479177387814
    weight = np.repeat(weights, 16) * 2.0 * np.pi / 16
    assert np.einsum("kn,jn,n->kj", values, values, weight) == pytest.approx(np.eye(16), abs=1e-6)
