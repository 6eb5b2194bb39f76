"""Rolling shutter, moving objects and lidar sweeps against formulas."""

from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.core.frames import interpolate, matrix_from_xyz_rpy
from carla_nurec_bridge.rendering.camera import render_camera
from carla_nurec_bridge.rendering.lidar import points_at_end, render_lidar
from carla_nurec_bridge.rendering.mesh import empty_mesh
from carla_nurec_bridge.rendering.primitives import box, quad
from carla_nurec_bridge.rendering.rays import cast
from carla_nurec_bridge.rendering.scene import Instance, RenderScene

from .helpers import PLAIN, body_pose, optical_pose, photograph, pinhole

LOOK = {"colour": (90, 90, 90), "tag": 3}
STILL = optical_pose(0.0, 0.0, 0.0)


def panel_scene(engine: str) -> RenderScene:
    """A panel in the plane x = 0 of its frame, y from 0 to 40, z from -20 to 20."""
    scene = RenderScene(empty_mesh(), engine)
    corners = [(0, 0, -20), (0, 40, -20), (0, 40, 20), (0, 0, 20)]
    scene.add_asset("panel", quad(corners, **LOOK))
    return scene


def edge_columns(mask: np.ndarray) -> np.ndarray:
    """First column right of the panel in each row (the panel is to the left)."""
    return mask.sum(axis=1)


def test_an_edge_that_moves_during_the_shutter_is_slanted(engine: str) -> None:
    """The panel's edge y = 1 -> -1 m at 10 m: column = width / 2 - focal * y / 10."""
    with panel_scene(engine) as scene:
        start, end = body_pose(10, 1, 0), body_pose(10, -1, 0)
        scene.set_instances([Instance("panel", start, end, 4)])
        frame = photograph(scene, pinhole(200, 100, 300.0), STILL, rolling=True)
    fraction = np.linspace(0, 1, 100)
    expected = 100 - 300.0 * (1 - 2 * fraction) / 10
    assert np.abs(edge_columns(frame.instance == 4) - expected).max() <= 0.5 + 1e-3


def test_a_moving_camera_slants_a_still_edge_the_other_way(engine: str) -> None:
    with panel_scene(engine) as scene:
        scene.set_instances([Instance("panel", body_pose(10, 0, 0), body_pose(10, 0, 0), 4)])
        ahead, side = optical_pose(0, -1, 0), optical_pose(0, 1, 0)
        frame = photograph(scene, pinhole(200, 100, 300.0), ahead, side, rolling=True)
    eye = -1 + 2 * np.linspace(0, 1, 100)
    expected = 100 + 300.0 * eye / 10
    assert np.abs(edge_columns(frame.instance == 4) - expected).max() <= 0.5 + 1e-3


def test_columns_can_be_the_shutter_axis(engine: str) -> None:
    """The camera rises 2 m over the columns: the depth of a floor grows with its height."""
    floor = quad([(-90, -90, 0), (90, -90, 0), (90, 90, 0), (-90, 90, 0)], **LOOK)
    rays = pinhole(120, 90, 90.0)
    start, end = optical_pose(0, 0, 1, pitch=0.6), optical_pose(0, 0, 3, pitch=0.6)
    fractions = np.linspace(0, 1, 120)
    with RenderScene(floor, engine) as scene:
        frame = render_camera(
            scene, rays, start, end, fractions, "column", PLAIN, frozenset({"depth"})
        )
    down = -(rays.astype(np.float64) @ start[:3, :3].T)[..., 2]
    hit = (down > 0.05) & np.isfinite(frame.depth)
    expected = (1 + 2 * fractions) / np.where(hit, down, 1) * rays[..., 2]
    assert np.abs(frame.depth / expected - 1)[hit].max() < 1e-4


def test_a_turning_object_keeps_its_size(engine: str) -> None:
    """Rays on the axis of a box that turns 80 degrees meet its faces where the formula says."""
    with RenderScene(empty_mesh(), engine) as scene:
        scene.add_asset("bar", box((0, 0, 0), (6, 6, 2), **LOOK))
        start, end = body_pose(20, 0, 0), body_pose(20, 0, 0, yaw=np.radians(80))
        scene.set_instances([Instance("bar", start, end, 1)])
        for fraction in (0.0, 0.25, 0.5, 0.8, 1.0):
            hit = cast(scene, [[0, 0, 0]], [[1, 0, 0]], 100.0, fraction)
            turn = np.radians(80 * fraction)
            face = 3.0 / max(np.cos(turn), np.sin(turn))
            assert hit.range_m[0] == pytest.approx(20 - face, abs=2e-3)


def test_a_sweep_lands_on_the_wall_of_the_end_frame(engine: str) -> None:
    """A lidar that drives and turns sees a plane; at sweep end all its points lie in it."""
    wall = quad([(25, -90, -90), (25, -90, 90), (25, 90, 90), (25, 90, -90)], **LOOK)
    elevation = np.radians(np.linspace(-20, 20, 16))[:, None]
    azimuth = np.linspace(-0.9, 0.9, 130)[None, :]
    directions = np.stack(
        [
            np.cos(elevation) * np.cos(azimuth),
            np.cos(elevation) * np.sin(azimuth),
            np.sin(elevation) + 0 * azimuth,
        ],
        axis=-1,
    ).astype(np.float32)
    fraction = np.linspace(0, 1, 130)
    start, end = body_pose(0, 0, 2), matrix_from_xyz_rpy([3, 1, 2], [0.01, 0.02, 0.2])
    with RenderScene(wall, engine) as scene:
        frame = render_lidar(scene, directions, fraction, start, end, 200.0)
    poses = interpolate(start, end, fraction)
    rays = np.einsum("cij,rcj->rci", poses[:, :3, :3], directions)
    expected = (25 - poses[:, 0, 3]) / rays[..., 0]
    assert np.abs(frame.range_m / expected - 1).max() < 1e-4
    assert np.allclose(frame.cos_incidence, rays[..., 0], atol=1e-4)
    points = points_at_end(frame.range_m, directions, fraction, start, end)
    on_map = points @ end[:3, :3].T + end[:3, 3]
    assert np.abs(on_map[:, 0] - 25).max() < 2e-3
    expected_y = poses[None, :, 1, 3] + expected * rays[..., 1]
    assert np.abs(on_map[:, 1].reshape(16, 130) - expected_y).max() < 5e-3


def test_lidar_misses_are_written_and_hits_named(engine: str) -> None:
    with panel_scene(engine) as scene:
        scene.set_instances([Instance("panel", body_pose(10, 0, 0), body_pose(10, 0, 0), 42)])
        directions = np.array([[[1, 0.1, 0], [1, -0.1, 0], [0, 0, 0]]], np.float32)
        directions[:, :2] /= np.linalg.norm(directions[:, :2], axis=-1, keepdims=True)
        pose = body_pose(0, 0, 0)
        near = render_lidar(scene, directions, np.zeros(3), pose, pose, 50.0)
        far = render_lidar(scene, directions, np.zeros(3), pose, pose, 9.0)
    assert near.range_m[0, 0] == pytest.approx(10 * np.hypot(1, 0.1), rel=1e-5)
    assert np.all(np.isinf(near.range_m[0, 1:]))
    assert near.instance[0].tolist() == [42, 0, 0]
    assert near.tag[0].tolist() == [3, 0, 0]
    assert np.all(near.intensity[0, 1:] == 0)
    assert np.all(near.cos_incidence[0, 1:] == 0)
    assert np.all(np.isinf(far.range_m))


def test_intensity_falls_with_tilt_and_distance(engine: str) -> None:
    wall = quad([(0, -90, -90), (0, -90, 90), (0, 90, 90), (0, 90, -90)], **LOOK)
    with RenderScene(wall, engine) as scene:
        distances = np.array([5.0, 20.0, 60.0])
        straight = cast(
            scene,
            np.c_[-distances, 0 * distances, 0 * distances],
            np.tile([1.0, 0, 0], (3, 1)),
            200.0,
        )
        slanted = cast(scene, [[-5, 0, 0]], [[0.5, np.sqrt(0.75), 0]], 200.0)
    assert np.all(np.diff(straight.intensity) < 0)
    assert 0 < slanted.intensity[0] < straight.intensity[0] <= 1
    assert slanted.cos_incidence[0] == pytest.approx(0.5, abs=1e-5)
    assert np.allclose(straight.normals, [-1, 0, 0], atol=1e-6)


def test_casting_nothing_gives_nothing(engine: str) -> None:
    with panel_scene(engine) as scene:
        assert cast(scene, np.zeros((0, 3)), np.zeros((0, 3)), 10.0).range_m.shape == (0,)
