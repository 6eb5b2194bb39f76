"""Poses of the contract against scipy and transforms3d, which know nothing of ours."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from transforms3d import affines, euler, quaternions

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.nurec import poses
from carla_nurec_bridge.nurec.stubs import common_pb2 as common

RNG = np.random.default_rng(11)
FLOAT32 = 2e-6
CASES = [(RNG.uniform(-200, 200, 3), Rotation.random(random_state=seed)) for seed in range(40)] + [
    (np.zeros(3), Rotation.identity()),
    (np.ones(3), Rotation.from_euler("y", 90, degrees=True)),
]


def matrix(xyz, rotation):
    return affines.compose(xyz, rotation.as_matrix(), np.ones(3))


def message(xyz, rotation):
    x, y, z, w = rotation.as_quat()
    return common.Pose(
        vec=common.Vec3(x=xyz[0], y=xyz[1], z=xyz[2]), quat=common.Quat(w=w, x=x, y=y, z=z)
    )


@pytest.mark.parametrize(("xyz", "rotation"), CASES)
def test_messages_matrices_and_tquats_are_the_same_pose(xyz, rotation):
    expected = matrix(xyz, rotation)
    pose = message(xyz, rotation)
    tolerance = {"atol": FLOAT32 * (1 + np.abs(xyz).max()), "rtol": 0}
    assert np.allclose(poses.grpc_pose_to_se3(pose), expected, **tolerance)
    tquat = poses.grpc_pose_to_tquat(pose)
    assert np.allclose(tquat[:3], xyz, **tolerance)
    assert np.allclose(Rotation.from_quat(tquat[3:]).as_matrix(), expected[:3, :3], **tolerance)
    # transforms3d has w first.
    exact = poses.se3_to_tquat(expected)
    assert np.allclose(quaternions.quat2mat(exact[[6, 3, 4, 5]]), expected[:3, :3], atol=1e-13)
    for back in (poses.tquat_to_grpc_pose(exact), poses.se3_to_grpc_pose(expected)):
        assert np.allclose(poses.grpc_pose_to_se3(back), expected, **tolerance)
        assert abs(quaternions.qnorm([back.quat.w, back.quat.x, back.quat.y, back.quat.z]) - 1) < (
            FLOAT32
        )
    assert np.allclose(poses.tquat_to_se3(3.0 * exact)[:3, :3], expected[:3, :3], atol=1e-13)


@pytest.mark.parametrize("seed", range(10))
def test_tf_transformations_agrees_where_ros_has_it(seed):
    tf = pytest.importorskip("tf_transformations")
    rng = np.random.default_rng(seed)
    xyz, rpy = rng.uniform(-50, 50, 3), rng.uniform([-3, -1.5, -3], [3, 1.5, 3])
    quaternion = tf.quaternion_from_euler(*rpy)
    expected = tf.concatenate_matrices(tf.translation_matrix(xyz), tf.quaternion_matrix(quaternion))
    tquat = np.concatenate([xyz, quaternion])
    assert np.allclose(poses.tquat_to_se3(tquat), expected, atol=1e-12)
    message = poses.tquat_to_grpc_pose(tquat)
    assert np.allclose(poses.grpc_pose_to_se3(message), expected, atol=1e-4)
    location, (pitch, yaw, roll) = poses.ros_to_carla(xyz, quaternion)
    assert np.allclose(np.radians([roll, -pitch, -yaw]), rpy, atol=1e-9)
    position, back = poses.carla_to_ros(location, (pitch, yaw, roll))
    assert np.allclose(position, xyz)
    assert np.allclose(tf.quaternion_matrix(back), tf.quaternion_matrix(quaternion), atol=1e-12)


def carla_matrix(location, rotation_deg):
    """Unreal's matrix: Rz(yaw) Ry(-pitch) Rx(-roll), left-handed."""
    pitch, yaw, roll = np.radians(rotation_deg)
    turn = euler.euler2mat(0, 0, yaw) @ euler.euler2mat(0, -pitch, 0) @ euler.euler2mat(-roll, 0, 0)
    return affines.compose(location, turn, np.ones(3))


MIRROR = np.diag([1.0, -1.0, 1.0, 1.0])


@pytest.mark.parametrize("seed", range(25))
def test_carla_ros_and_nurec_agree_with_pitch_and_roll(seed):
    rng = np.random.default_rng(seed)
    location, rotation = rng.uniform(-80, 80, 3), rng.uniform([-85, -180, -170], [85, 180, 170])
    map_from_world = matrix(rng.uniform(-500, 500, 3), Rotation.random(random_state=seed))
    map_from_actor = MIRROR @ carla_matrix(location, rotation) @ MIRROR

    world_from_actor = poses.carla_to_nurec(location, rotation, map_from_world)
    assert np.allclose(map_from_world @ world_from_actor, map_from_actor, atol=1e-10)
    again = poses.nurec_to_carla(world_from_actor, map_from_world)
    assert np.allclose(again[0], location, atol=1e-9)
    assert np.allclose(carla_matrix(*again), carla_matrix(location, rotation), atol=1e-9)

    position, quaternion = poses.carla_to_ros(location, rotation)
    expected = Rotation.from_matrix(map_from_actor[:3, :3])
    assert (Rotation.from_quat(quaternion) * expected.inv()).magnitude() < 1e-12
    assert np.allclose(position, location * [1, -1, 1])
    assert np.allclose(
        carla_matrix(*poses.ros_to_carla(position, quaternion)),
        carla_matrix(location, rotation),
        atol=1e-12,
    )
    assert np.allclose(
        poses.ros_to_nurec(position, quaternion, map_from_world), world_from_actor, atol=1e-9
    )
    back = poses.nurec_to_ros(world_from_actor, map_from_world)
    assert np.allclose(back[0], position, atol=1e-9)
    assert (Rotation.from_quat(back[1]) * expected.inv()).magnitude() < 1e-9


def test_optical_axes():
    """A camera that looks forward sees along its optical z; right is x, down is y."""
    optical = poses.camera_to_optical(np.eye(4))
    assert np.allclose(optical[:3, :3] @ [0, 0, 1], [1, 0, 0])
    assert np.allclose(optical[:3, :3] @ [1, 0, 0], [0, -1, 0])
    assert np.allclose(optical[:3, :3] @ [0, 1, 0], [0, 0, -1])
    assert np.allclose(poses.optical_to_camera(optical), np.eye(4))


def test_what_is_no_pose():
    assert np.array_equal(poses.grpc_pose_to_se3(common.Pose()), np.eye(4))
    with pytest.raises(InputError, match="not finite"):
        poses.grpc_pose_to_tquat(common.Pose(vec=common.Vec3(x=float("inf"))))
    with pytest.raises(ValueError, match="7 numbers"):
        poses.tquat_to_se3([1, 2, 3])
    with pytest.raises(ValueError, match="length zero"):
        poses.tquat_to_grpc_pose(np.zeros(7))
