"""Poses follow the scene's ground where it differs from the map's road."""

from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy, rpy_from_rotation
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.opendrive import parse, read_opendrive
from carla_nurec_bridge.opendrive.heights import ground_height
from carla_nurec_bridge.scene import ground
from carla_nurec_bridge.scene.package.surface import Surface

XODR = read_opendrive(config_path("maps", "demo_town.xodr"))


class _Scene:
    scene_id, xodr, map_from_world = "test", XODR, np.eye(4)


def _settled(monkeypatch: pytest.MonkeyPatch, height: float, slope: float) -> ground.SceneGround:
    """Return a ground plane z = height + slope * x around the map's origin."""
    x, y = np.meshgrid((-400.0, 400.0), (-400.0, 400.0))
    vertices = np.stack([x, y, height + slope * x], axis=-1).reshape(-1, 3).astype(np.float32)
    plane = Surface(vertices, np.array([[0, 1, 2], [1, 3, 2]], np.int32))
    monkeypatch.setattr(ground, "read_surface", lambda *_: plane)
    return ground.SceneGround(_Scene())


def test_height_and_pitch_follow_the_mesh_and_the_rest_stays(monkeypatch):
    point = np.array([[10.0, 5.0]])
    road, _ = ground_height(parse(XODR), np.vstack([point, point + (ground.WHEELBASE_M, 0.0)]))
    settled = _settled(monkeypatch, float(road[0]) + 0.4 - 0.5, 0.05)
    pose = matrix_from_xyz_rpy((10.0, 5.0, road[0] + 0.02), (0.01, 0.0, 0.0))
    found = settled.settle(pose, {})[0]
    assert found[2, 3] == pytest.approx(pose[2, 3] + 0.4, abs=1e-3)
    rise_front = 0.4 + 0.05 * ground.WHEELBASE_M - (road[1] - road[0])
    roll, pitch, yaw = rpy_from_rotation(found[:3, :3])
    assert pitch == pytest.approx(-np.arctan2(rise_front - 0.4, ground.WHEELBASE_M), abs=1e-3)
    assert (roll, yaw) == pytest.approx((0.01, 0.0), abs=1e-3)
    boxes = settled.settle(pose, {"car": pose})[1]
    assert boxes["car"][2, 3] == pytest.approx(pose[2, 3] + 0.4, abs=1e-3)
    assert settled.missed == 0


def test_without_ground_in_reach_poses_stay_and_are_counted(monkeypatch):
    settled = _settled(monkeypatch, -50.0, 0.0)
    pose = matrix_from_xyz_rpy((10.0, 5.0, 0.0), (0.0, 0.0, 1.0))
    assert settled.settle(pose, {})[0] == pytest.approx(pose)
    assert settled.missed == 2


def test_a_scene_without_a_mesh_is_refused(monkeypatch):
    monkeypatch.setattr(ground, "read_surface", lambda *_: None)
    with pytest.raises(InputError, match="test has no mesh_ground.ply"):
        ground.SceneGround(_Scene())
