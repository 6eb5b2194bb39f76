"""Rigid transforms between CARLA, ROS (REP-103/105) and NuRec frames.

Every pose is a 4x4 float64 matrix named ``a_from_b``: it takes points of frame b to frame a,
``p_a = a_from_b @ p_b``. Frames are right-handed unless a name says CARLA:

* ``map``: x, y, z of the OpenDRIVE map (CARLA's world with y mirrored), metres, z up.
* ``base`` (``base_link``, NuRec ``rig``): x forward, y left, z up; rear axle projected
  to the ground.
* ``optical``: x right, y down, z forward (cameras).
* CARLA: left-handed, x forward, y right, z up, metres; angles (pitch, yaw, roll) in degrees.

With S = diag(1, -1, 1), a rotation R of one handedness is S R S in the other, so roll keeps its
sign while pitch and yaw change theirs.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Matrix = NDArray[np.float64]

BODY_FROM_OPTICAL: Matrix = np.array(
    [[0.0, 0.0, 1.0, 0.0], [-1.0, 0.0, 0.0, 0.0], [0.0, -1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
)
OPTICAL_FROM_BODY: Matrix = BODY_FROM_OPTICAL.T.copy()
BODY_FROM_OPTICAL.flags.writeable = False
OPTICAL_FROM_BODY.flags.writeable = False

_UNMOVED: Matrix = np.eye(4)
_MIRROR = np.array([1.0, -1.0, 1.0])
_NO_LENGTH = 1e-12
_NO_ROTATION = "a quaternion of length zero has no rotation"


def rigid(rotation: ArrayLike, translation_m: ArrayLike) -> Matrix:
    """Join a (3, 3) rotation and a (3,) translation in metres into a (4, 4) matrix."""
    matrix: Matrix = _UNMOVED.copy()
    matrix[:3, :3] = rotation
    matrix[:3, 3] = translation_m
    return matrix


def invert(a_from_b: Matrix) -> Matrix:
    """Return b_from_a of a rigid (4, 4) or stacked (N, 4, 4) transform."""
    rotation_t = np.swapaxes(a_from_b[..., :3, :3], -1, -2)
    inverse = np.zeros_like(a_from_b, dtype=np.float64)
    inverse[..., :3, :3] = rotation_t
    inverse[..., :3, 3] = -(rotation_t @ a_from_b[..., :3, 3:4])[..., 0]
    inverse[..., 3, 3] = 1.0
    return inverse


def rotation_from_rpy(rpy_rad: ArrayLike) -> Matrix:
    """Return Rz(yaw) Ry(pitch) Rx(roll) as (..., 3, 3) from (..., 3) roll, pitch, yaw in rad."""
    angles: NDArray[np.float64] = np.asarray(rpy_rad, dtype=np.float64)
    cosines: Any = np.cos(angles)
    sines: Any = np.sin(angles)
    if angles.ndim == 1:  # Python's numbers are faster one by one
        (cr, cp, cy), (sr, sp, sy) = cosines.tolist(), sines.tolist()
    else:
        (cr, cp, cy), (sr, sp, sy) = np.moveaxis(cosines, -1, 0), np.moveaxis(sines, -1, 0)
    rows = np.array(
        [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
            [-sp, cp * sr, cp * cr],
        ]
    )
    return rows if rows.ndim == 2 else np.moveaxis(rows, (0, 1), (-2, -1))


def rpy_from_rotation(rotation: ArrayLike) -> NDArray[np.float64]:
    """Return (roll, pitch, yaw) in radians of a (3, 3) rotation; at pitch = +-90 deg roll is 0."""
    r = np.asarray(rotation, dtype=np.float64)
    cos_pitch = np.hypot(r[0, 0], r[1, 0])
    pitch = np.arctan2(-r[2, 0], cos_pitch)
    if cos_pitch < 1e-9:
        return np.array([0.0, pitch, np.arctan2(-r[0, 1], r[1, 1])])
    return np.array([np.arctan2(r[2, 1], r[2, 2]), pitch, np.arctan2(r[1, 0], r[0, 0])])


def rpys_from_rotations(rotations: ArrayLike) -> NDArray[np.float64]:
    """Return ``rpy_from_rotation`` (N, 3) of N rotations (N, 3, 3)."""
    r = np.moveaxis(np.asarray(rotations, dtype=np.float64), 0, -1)
    cos_pitch = np.hypot(r[0, 0], r[1, 0])
    upright = cos_pitch < 1e-9
    return np.stack(
        [
            np.where(upright, 0.0, np.arctan2(r[2, 1], r[2, 2])),
            np.arctan2(-r[2, 0], cos_pitch),
            np.where(upright, np.arctan2(-r[0, 1], r[1, 1]), np.arctan2(r[1, 0], r[0, 0])),
        ],
        axis=-1,
    )


def matrix_from_xyz_rpy(xyz_m: ArrayLike, rpy_rad: ArrayLike) -> Matrix:
    """Return the (4, 4) transform of a translation in metres and (roll, pitch, yaw) in radians."""
    return rigid(rotation_from_rpy(rpy_rad), xyz_m)


def matrix_from_carla(location_m: ArrayLike, rotation_deg: ArrayLike) -> Matrix:
    """Return the right-handed (4, 4) matrix of a CARLA transform.

    ``location_m`` is CARLA's (x, y, z), ``rotation_deg`` its (pitch, yaw, roll) in degrees. For a
    world transform of an actor the result is ``map_from_actor``.
    """
    pitch, yaw, roll = np.radians(np.asarray(rotation_deg, dtype=np.float64))
    location = np.asarray(location_m, dtype=np.float64) * _MIRROR
    return rigid(rotation_from_rpy((roll, -pitch, -yaw)), location)


def matrices_from_carla(places: ArrayLike) -> Matrix:
    """Return the matrices (N, 4, 4) of ``matrix_from_carla`` of N places, the same bit by bit.

    A place is CARLA's x, y, z in metres and pitch, yaw, roll in degrees.
    """
    rows = np.asarray(places, dtype=np.float64).reshape(-1, 6)
    pitch, yaw, roll = np.radians(rows[:, 3:]).T
    matrices = np.zeros((len(rows), 4, 4))
    matrices[:, :3, :3] = rotation_from_rpy(np.stack([roll, -pitch, -yaw], axis=-1))
    matrices[:, :3, 3] = rows[:, :3] * _MIRROR
    matrices[:, 3, 3] = 1.0
    return matrices


def carla_from_matrix(matrix: Matrix) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return CARLA's ((x, y, z) in metres, (pitch, yaw, roll) in degrees) of a (4, 4) matrix."""
    roll, pitch, yaw = np.degrees(rpy_from_rotation(matrix[:3, :3]))
    return matrix[:3, 3] * _MIRROR, np.array([-pitch, -yaw, roll])


def mirror_vector(vector: ArrayLike) -> NDArray[np.float64]:
    """Convert a polar vector (position, velocity; (..., 3)) CARLA <-> right-handed."""
    mirrored: NDArray[np.float64] = np.asarray(vector, dtype=np.float64) * _MIRROR
    return mirrored


def mirror_angular(vector: ArrayLike) -> NDArray[np.float64]:
    """Convert an axial vector (angular velocity, (..., 3)) CARLA <-> right-handed, same unit."""
    mirrored: NDArray[np.float64] = np.asarray(vector, dtype=np.float64) * -_MIRROR
    return mirrored


def rotation_from_quaternion(xyzw: ArrayLike) -> Matrix:
    """Return the rotation(s) (..., 3, 3) of quaternion(s) (..., 4) in x, y, z, w order.

    The quaternion is normalised first; a zero quaternion raises ValueError.
    """
    q = np.asarray(xyzw, dtype=np.float64)
    if q.ndim == 1:
        return _one_rotation(*q.tolist())
    norm = np.linalg.norm(q, axis=-1, keepdims=True)
    if np.any(norm < _NO_LENGTH):
        raise ValueError(_NO_ROTATION)
    x, y, z, w = np.moveaxis(q / norm, -1, 0)
    rotation = np.empty((*q.shape[:-1], 3, 3))
    rotation[..., 0, 0] = 1 - 2 * (y * y + z * z)
    rotation[..., 0, 1] = 2 * (x * y - z * w)
    rotation[..., 0, 2] = 2 * (x * z + y * w)
    rotation[..., 1, 0] = 2 * (x * y + z * w)
    rotation[..., 1, 1] = 1 - 2 * (x * x + z * z)
    rotation[..., 1, 2] = 2 * (y * z - x * w)
    rotation[..., 2, 0] = 2 * (x * z - y * w)
    rotation[..., 2, 1] = 2 * (y * z + x * w)
    rotation[..., 2, 2] = 1 - 2 * (x * x + y * y)
    return rotation


def _one_rotation(x: float, y: float, z: float, w: float) -> Matrix:
    """Return the rotation of one quaternion: a tenth of the time, the same numbers bit by bit."""
    norm = math.sqrt(x * x + y * y + z * z + w * w)
    if norm < _NO_LENGTH:
        raise ValueError(_NO_ROTATION)
    x, y, z, w = x / norm, y / norm, z / norm, w / norm
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def quaternion_from_rotation(rotation: ArrayLike) -> NDArray[np.float64]:
    """Return the unit quaternion (x, y, z, w) with w >= 0 of a (3, 3) rotation."""
    # In Python's numbers: a frame turns hundreds of poses, and numpy's calls take most of that.
    r: list[list[float]] = np.asarray(rotation, dtype=np.float64).tolist()
    trace = r[0][0] + r[1][1] + r[2][2]
    traces = [r[0][0], r[1][1], r[2][2], trace]
    largest = traces.index(max(traces))
    if largest == 3:
        xyzw = [r[2][1] - r[1][2], r[0][2] - r[2][0], r[1][0] - r[0][1], 1.0 + trace]
    else:
        i, j, k = largest, (largest + 1) % 3, (largest + 2) % 3
        xyzw = [0.0, 0.0, 0.0, r[k][j] - r[j][k]]
        xyzw[i] = 1.0 - trace + 2.0 * r[i][i]
        xyzw[j] = r[j][i] + r[i][j]
        xyzw[k] = r[k][i] + r[i][k]
    q = np.array(xyzw)
    q /= math.sqrt(q.dot(q))
    return -q if q[3] < 0 else q


def matrix_from_quaternion(translation_m: ArrayLike, xyzw: ArrayLike) -> Matrix:
    """Return (4, 4) of a (3,) translation in metres and a (4,) quaternion x, y, z, w."""
    return rigid(rotation_from_quaternion(xyzw), translation_m)


def interpolate(start: Matrix, end: Matrix, fraction: ArrayLike) -> Matrix:
    """Interpolate rigid transforms: linear in translation, slerp in rotation (shortest way).

    ``fraction`` is a scalar or an (N,) array, 0 at ``start`` and 1 at ``end``; the result is
    (4, 4) or (N, 4, 4). Fractions outside [0, 1] extrapolate at constant velocity.
    """
    axis, angle = turn_between(start, end)
    t: NDArray[Any] = np.asarray(fraction, dtype=np.float64)
    half = 0.5 * angle * t
    if t.ndim == 0:
        x, y, z = (np.sin(half) * axis).tolist()
        turned = start[:3, :3] @ _one_rotation(x, y, z, float(np.cos(half)))
        return rigid(turned, start[:3, 3] + float(t) * (end[:3, 3] - start[:3, 3]))
    relative = np.concatenate([np.sin(half)[..., None] * axis, np.cos(half)[..., None]], axis=-1)
    result = np.zeros((*t.shape, 4, 4))
    result[..., :3, :3] = start[:3, :3] @ rotation_from_quaternion(relative)
    result[..., :3, 3] = start[:3, 3] + t[..., None] * (end[:3, 3] - start[:3, 3])
    result[..., 3, 3] = 1.0
    return result


def turn_between(start: Matrix, end: Matrix) -> tuple[Matrix, float]:
    """Return the shortest turn from one rigid transform to another.

    That is an axis (3,), in axes of ``start``, of no length where nothing turns, and radians.
    """
    q = quaternion_from_rotation(start[:3, :3].T @ end[:3, :3])
    sine = math.sqrt(q[:3].dot(q[:3]))
    axis: Matrix = q[:3] / sine if sine > 1e-15 else np.zeros(3)
    return axis, 2.0 * float(np.arctan2(sine, q[3]))


def rotation_rate(a_from_b0: Matrix, a_from_b1: Matrix, dt_s: float) -> Matrix:
    """Return the (3,) angular velocity in rad/s, in axes of b, between two poses ``dt_s`` apart."""
    q = quaternion_from_rotation(a_from_b0[:3, :3].T @ a_from_b1[:3, :3])
    sine = float(np.linalg.norm(q[:3]))
    if sine < 1e-12:
        return np.zeros(3)
    rate: Matrix = q[:3] / sine * (2.0 * np.arctan2(sine, q[3]) / dt_s)
    return rate
