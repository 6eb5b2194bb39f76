"""Where a request puts actors, and which beam a sweep's points are of."""

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import RefusalError
from carla_nurec_bridge.nurec.client.conversion import pose_message, pose_pair
from carla_nurec_bridge.nurec.stubs import sensorsim_pb2 as sensorsim
from carla_nurec_bridge.scene import SceneTrack
from carla_nurec_bridge.servers.nurec.drawing.drawing import Cloud
from carla_nurec_bridge.servers.nurec.scenes.tracks import place_tracks


def at(x: float, yaw: float = 0.0) -> np.ndarray:
    pose = np.eye(4)
    pose[:2, :2] = [[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]]
    pose[0, 3] = x
    return pose


def tracks(*names: str) -> dict[str, SceneTrack]:
    stamps, poses = np.array([0, 100]), np.tile(np.eye(4), (2, 1, 1))
    return {name: SceneTrack(name, "automobile", (4.0, 2.0, 1.5), stamps, poses) for name in names}


def moved(name: str, start: np.ndarray, end: np.ndarray) -> sensorsim.DynamicObject:
    return sensorsim.DynamicObject(track_id=name, pose_pair=pose_pair(start, end))


def test_each_object_gets_its_own_start_and_end() -> None:
    objects = [moved("b", at(1, 0.5), at(2, 0.25)), moved("a", at(3), at(4, -0.5))]
    placed = place_tracks(tracks("a", "b", "c"), 0, 50, objects, editing=True)
    found = {p.track.track_id: (p.world_from_box_start, p.world_from_box_end) for p in placed}
    assert found.keys() == {"a", "b"}
    np.testing.assert_allclose(found["a"], [at(3), at(4, -0.5)], atol=1e-6)
    np.testing.assert_allclose(found["b"], [at(1, 0.5), at(2, 0.25)], atol=1e-6)


def test_without_objects_nothing_controllable_is_there() -> None:
    assert not list(place_tracks(tracks("a"), 0, 50, [], editing=True))
    assert len(list(place_tracks(tracks("a"), 0, 50, [], editing=False))) == 1


def test_one_pose_that_is_none_refuses_all() -> None:
    bad = moved("b", at(1), at(2))
    bad.pose_pair.end_pose.CopyFrom(pose_message(at(np.nan)))
    with pytest.raises(RefusalError, match="not finite"):
        list(place_tracks(tracks("a", "b"), 0, 50, [moved("a", at(0), at(1)), bad], editing=True))


def test_rays_name_beam_and_moment_of_every_point() -> None:
    hit = np.array([[True, False, True], [False, False, False], [False, True, True]])
    points, times = np.zeros((4, 3), np.float32), np.array([0.0, 0.5, 1.0])
    rings, moments = Cloud(points, points[:, 0], hit, times).rays()
    assert rings.dtype == np.dtype("<u2")
    assert moments.dtype == np.dtype("<f4")
    assert rings.tolist() == [2, 2, 0, 0]
    assert moments.tolist() == [0.0, 1.0, 0.5, 1.0]
