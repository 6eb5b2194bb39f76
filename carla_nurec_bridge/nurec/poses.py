"""Poses of the contract as plain numbers, and CARLA, ROS and NuRec poses as each other.

Frames, all metres:

* NuRec world: right-handed, z up, origin and axes those of the scene's first rig pose. Poses of
  requests are ``world_from_x``: of a camera x is its optical frame (x right, y down, z forward), of
  a lidar or an actor x forward, y left, z up (an actor's origin is the centre of its box).
* ROS map (REP-103): right-handed, z up, the map's OpenDRIVE axes. ``map_from_world`` of a scene
  takes NuRec's world there.
* CARLA: left-handed, x forward, y right, z up; the map with y mirrored; rotations are pitch, yaw,
  roll in degrees.

A *tquat* is float64 (7,): x, y, z, qx, qy, qz, qw, as scene packages store tracks. An *se3* is a
float64 (4, 4) matrix. Messages hold float32, so a trip through one keeps seven digits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..core.frames import (
    BODY_FROM_OPTICAL,
    OPTICAL_FROM_BODY,
    Matrix,
    carla_from_matrix,
    invert,
    matrix_from_carla,
    matrix_from_quaternion,
    quaternion_from_rotation,
)
from .client.conversion import pose_matrix, pose_message
from .stubs import common_pb2 as common

Vector = NDArray[np.float64]


def grpc_pose_to_se3(pose: common.Pose) -> Matrix:
    """Return the (4, 4) matrix of a pose message; an unset quaternion is no rotation.

    InputError for a pose that is not finite, off the earth, or has a quaternion near zero.
    """
    return pose_matrix(pose)


def se3_to_grpc_pose(a_from_b: Matrix) -> common.Pose:
    """Return the message of a rigid (4, 4) matrix."""
    return pose_message(np.asarray(a_from_b, dtype=np.float64))


def grpc_pose_to_tquat(pose: common.Pose) -> Vector:
    """Return (x, y, z, qx, qy, qz, qw) of a pose message, the quaternion of unit length."""
    return se3_to_tquat(pose_matrix(pose))


def tquat_to_grpc_pose(tquat: ArrayLike) -> common.Pose:
    """Return the message of (x, y, z, qx, qy, qz, qw); the quaternion is normalised."""
    return pose_message(tquat_to_se3(tquat))


def se3_to_tquat(a_from_b: Matrix) -> Vector:
    """Return (x, y, z, qx, qy, qz, qw), qw >= 0, of a rigid (4, 4) matrix."""
    return np.concatenate([a_from_b[:3, 3], quaternion_from_rotation(a_from_b[:3, :3])])


def tquat_to_se3(tquat: ArrayLike) -> Matrix:
    """Return the (4, 4) matrix of (x, y, z, qx, qy, qz, qw); ValueError for a zero quaternion."""
    values = np.asarray(tquat, dtype=np.float64)
    if values.shape != (7,):
        raise ValueError(f"a tquat has 7 numbers (x, y, z, qx, qy, qz, qw), not {values.shape}")
    return matrix_from_quaternion(values[:3], values[3:])


def carla_to_nurec(
    location_m: ArrayLike, rotation_deg: ArrayLike, map_from_world: Matrix
) -> Matrix:
    """Return ``world_from_actor`` (4, 4) of a CARLA transform.

    ``location_m`` is CARLA's (x, y, z), ``rotation_deg`` its (pitch, yaw, roll);
    ``map_from_world`` (4, 4) that of the scene.
    """
    return np.asarray(invert(map_from_world) @ matrix_from_carla(location_m, rotation_deg))


def nurec_to_carla(world_from_actor: Matrix, map_from_world: Matrix) -> tuple[Vector, Vector]:
    """Return CARLA's (x, y, z) in metres and (pitch, yaw, roll) in degrees of a NuRec pose."""
    return carla_from_matrix(map_from_world @ world_from_actor)


def ros_to_nurec(
    position_m: ArrayLike, quaternion_xyzw: ArrayLike, map_from_world: Matrix
) -> Matrix:
    """Return ``world_from_x`` (4, 4) of a ROS pose in the map frame."""
    map_from_x = matrix_from_quaternion(position_m, quaternion_xyzw)
    return np.asarray(invert(map_from_world) @ map_from_x)


def nurec_to_ros(world_from_x: Matrix, map_from_world: Matrix) -> tuple[Vector, Vector]:
    """Return the position (x, y, z) and quaternion (x, y, z, w) in the ROS map frame."""
    tquat = se3_to_tquat(map_from_world @ world_from_x)
    return tquat[:3], tquat[3:]


def carla_to_ros(location_m: ArrayLike, rotation_deg: ArrayLike) -> tuple[Vector, Vector]:
    """Return position and quaternion (x, y, z, w) in the ROS map frame of a CARLA transform."""
    tquat = se3_to_tquat(matrix_from_carla(location_m, rotation_deg))
    return tquat[:3], tquat[3:]


def ros_to_carla(position_m: ArrayLike, quaternion_xyzw: ArrayLike) -> tuple[Vector, Vector]:
    """Return CARLA's (x, y, z) and (pitch, yaw, roll) in degrees of a pose in the ROS map frame."""
    return carla_from_matrix(matrix_from_quaternion(position_m, quaternion_xyzw))


def camera_to_optical(a_from_camera: Matrix) -> Matrix:
    """Return ``a_from_optical`` of a camera mount whose x is forward, y left, z up."""
    return np.asarray(a_from_camera @ BODY_FROM_OPTICAL)


def optical_to_camera(a_from_optical: Matrix) -> Matrix:
    """Return the mount with x forward, y left, z up of a camera's optical frame."""
    return np.asarray(a_from_optical @ OPTICAL_FROM_BODY)
