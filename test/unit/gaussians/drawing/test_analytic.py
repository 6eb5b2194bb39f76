"""Pictures of one, two and three Gaussians, beside what a formula says of them."""

from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.gaussians.cloud import empty_cloud
from carla_nurec_bridge.gaussians.scene import RenderSettings

from .helpers import brute_force, cloud, draw, ftheta

pytestmark = pytest.mark.usefixtures("back_end")

CAMERA = ftheta(161, 121, (0.0, 100.0, 0.0, -2.0))
MIDDLE = (60, 80)
RED, GREEN, BLUE = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


def test_one_round_gaussian_is_the_formula_of_its_angle() -> None:
    """At 3 m, one sigma 0.1 m: the ray at angle theta passes its mean at 3 sin(theta)."""
    frame = draw(cloud([[0, 0, 3]], [0.1], [0.8], [RED]), CAMERA)
    rays = CAMERA.ray_table().astype(np.float64)
    sine = np.hypot(rays[..., 0], rays[..., 1])
    response = np.exp(-((3.0 * sine) ** 2) / 0.02)
    expected = np.where(response > 0.0113, 0.8 * response, 0.0)
    unclear = np.abs(response - 0.0113) < 1e-5
    assert np.abs(frame.colour[..., 0] - expected)[~unclear].max() < 1e-5
    assert np.abs(1.0 - frame.transmittance - expected)[~unclear].max() < 1e-5
    seen = expected > 0.05
    assert np.abs(frame.depth_m - 3.0 * rays[..., 2])[seen].max() < 1e-4
    edge = np.sqrt(2.0 * np.log(1.0 / 0.0113)) * 0.1
    radius = CAMERA.distance_of_angle(np.arcsin(np.array([edge / 3.0])))[0]
    drawn = frame.colour[60, :, 0] > 0.0
    assert abs(0.5 * np.count_nonzero(drawn) - radius) < 0.75


def test_two_on_one_ray_blend_front_to_back_whatever_their_order_in_the_file() -> None:
    """Red of half opacity at 2 m before green of 0.8 at 3 m."""
    near_first = cloud([[0, 0, 2], [0, 0, 3]], [0.2, 0.2], [0.5, 0.8], [RED, GREEN])
    frame = draw(near_first, CAMERA)
    assert frame.colour[MIDDLE] == pytest.approx((0.5, 0.4, 0.0), abs=1e-4)
    assert frame.transmittance[MIDDLE] == pytest.approx(0.1, abs=1e-4)
    assert frame.depth_sum[MIDDLE] == pytest.approx(2.2, abs=1e-4)
    other = draw(near_first.select(np.array([1, 0])), CAMERA)
    assert np.array_equal(other.colour, frame.colour)
    assert np.array_equal(other.transmittance, frame.transmittance)


def test_what_is_behind_something_opaque_adds_nothing() -> None:
    """No Gaussian takes more than 0.99; after two of these the ray ends."""
    row = cloud([[0, 0, 1], [0, 0, 2], [0, 0, 3]], [0.3] * 3, [1.0] * 3, [RED, GREEN, BLUE])
    colour = draw(row, CAMERA).colour[MIDDLE]
    assert colour == pytest.approx((0.99, 0.0099, 0.0), abs=1.1e-4)


def test_a_flat_turned_gaussian_is_its_float64_formula() -> None:
    """Three different sigmas, turned about all axes."""
    turn = (0.78, 0.25, 0.4, 0.41)
    one = cloud([[0.1, -0.05, 2.5]], [[0.4, 0.1, 0.02]], [0.9], [GREEN], [turn])
    pixels = np.argwhere(draw(one, CAMERA).transmittance < 1.0)[::5]
    colour, passed, _ = brute_force(one, CAMERA, pixels)
    frame = draw(one, CAMERA)
    assert len(pixels) > 200
    assert np.abs(frame.colour[tuple(pixels.T)] - colour).max() < 1e-4
    assert np.abs(frame.transmittance[tuple(pixels.T)] - passed).max() < 1e-4


SLANT_CAMERA = ftheta(641, 361, (0.0, 400.0, 0.0, -6.0, 0.0, 1.0), (320.0, 180.0))
SLANT = cloud([[0, 0, 4]], [[0.02, 3.0, 0.02]], [0.95], [RED])
AHEAD = matrix_from_xyz_rpy([0.4, 0.0, 0.0], [0.0, 0.0, 0.0])


def test_a_pole_leans_by_the_rolling_shutter() -> None:
    """The camera moves 0.4 m to the right; rows see the pole ever further left."""
    weight = draw(SLANT, SLANT_CAMERA, end=AHEAD).colour[..., 0].astype(np.float64)
    columns = np.arange(641)
    rows = [0, 90, 180, 270, 360]
    centroids = [(weight[r] * columns).sum() / weight[r].sum() for r in rows]
    assert centroids == pytest.approx([320.0, 310.19, 300.02, 290.59, 282.99], abs=0.3)


def test_columns_that_are_exposed_one_after_another_are_rows_of_a_turned_camera() -> None:
    """The same scene and motion with x and y exchanged."""
    pole = cloud([[0, 0, 4]], [[3.0, 0.02, 0.02]], [0.95], [RED])
    camera = ftheta(361, 641, (0.0, 400.0, 0.0, -6.0, 0.0, 1.0), (180.0, 320.0))
    down = matrix_from_xyz_rpy([0.0, 0.4, 0.0], [0.0, 0.0, 0.0])
    found = draw(pole, camera, end=down, shutter=Shutter.ROLLING_LEFT_TO_RIGHT)
    expected = draw(SLANT, SLANT_CAMERA, end=AHEAD)
    assert np.abs(found.transmittance.T - expected.transmittance).max() < 1e-4


def test_the_rule_of_all_sigma_points_drops_what_reaches_far_out() -> None:
    """The pole's sigma points lie 5 m up and down, outside the grown image."""
    strict = RenderSettings(require_all_sigma_points=True)
    assert not draw(SLANT, SLANT_CAMERA, settings=strict).colour.any()
    assert draw(SLANT, SLANT_CAMERA).colour.any()


def test_a_needle_loses_no_more_than_the_method_does() -> None:
    """The unscented transform bounds a needle near the camera too tightly; so it is published."""
    turn = (0.214244, 0.509361, 0.204854, -0.80789)
    one = cloud([[0.3, -0.2, 2.5]], [[0.4, 0.03, 0.005]], [0.9], [RED], [turn])
    camera = ftheta(640, 360, (0.0, 400.0, 0.0, -6.0, 0.0, 1.0))
    frame = draw(one, camera)
    pixels = np.stack(np.meshgrid(np.arange(360), np.arange(640), indexing="ij"), -1).reshape(-1, 2)
    _, passed, _ = brute_force(one, camera, pixels)
    missed = np.abs(frame.transmittance.ravel() - passed) > 1e-3
    assert np.count_nonzero(missed) <= 600
    assert np.abs(frame.transmittance.ravel() - passed).max() < 0.1


def test_small_gaussians_lie_where_the_polynomial_puts_them() -> None:
    """At 10 to 70 degrees off the axis, through a lens with a linear part."""
    camera = ftheta(600, 600, (0.0, 220.0, 0.0, -4.0), cde=(1.01, 0.002, -0.003))
    theta, turn = np.meshgrid(
        np.radians([10.0, 40.0, 70.0]), np.radians(np.arange(4) * 90.0 + 17.0)
    )
    across = np.stack([np.cos(turn), np.sin(turn)]) * np.sin(theta)
    directions = np.stack([*across, np.cos(theta)], axis=-1).reshape(-1, 3)
    ring = cloud(5.0 * directions, [0.02] * 12, [0.9] * 12, [RED] * 12)
    near = RenderSettings(near_by_distance=True)
    weight = draw(ring, camera, settings=near).colour[..., 0]
    v, u = np.mgrid[0:600, 0:600] + 0.5
    for expected in camera.project(5.0 * directions)[0]:
        around = np.where(np.hypot(u - expected[0], v - expected[1]) < 15.0, weight, 0.0)
        found = np.array([(around * u).sum(), (around * v).sum()]) / around.sum()
        assert found == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (17, 33)])
def test_nothing_and_what_surrounds_the_camera_draw_without_harm(size: tuple[int, int]) -> None:
    """No Gaussians, one, one around the camera, images of one pixel."""
    camera = ftheta(*size, (0.0, 100.0))
    assert (draw(empty_cloud(), camera).transmittance == 1.0).all()
    around = cloud([[0, 0, 0.3], [0, 0, -1]], [2.0, 2.0], [0.9, 0.9], [RED, GREEN])
    frame = draw(around, camera)
    for values in (frame.colour, frame.transmittance, frame.depth_sum):
        assert np.isfinite(values).all()
    assert not frame.colour[..., 1].any()
    assert np.isfinite(draw(around, camera, settings=RenderSettings(ut_alpha=0.1)).colour).all()
