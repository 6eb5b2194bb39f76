"""Frame conversions against scipy, transforms3d and hand-derived attitudes."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp
from transforms3d import euler

from carla_nurec_bridge.core import frames

RNG = np.random.default_rng(7)
ATTITUDES = RNG.uniform([-180, -89, -180], [180, 89, 180], size=(500, 3))  # roll, pitch, yaw


def carla_matrix(pitch: float, yaw: float, roll: float) -> np.ndarray:
    """Return Unreal's published rotation matrix for its left-handed angles in degrees."""
    p, y, r = np.radians([pitch, yaw, roll])
    cp, sp, cy, sy, cr, sr = np.cos(p), np.sin(p), np.cos(y), np.sin(y), np.cos(r), np.sin(r)
    return np.array(
        [
            [cp * cy, cy * sp * sr - sy * cr, -cy * sp * cr - sy * sr],
            [cp * sy, sy * sp * sr + cy * cr, -sy * sp * cr + cy * sr],
            [sp, -cp * sr, cp * cr],
        ]
    )


@pytest.mark.parametrize("rpy_deg", ATTITUDES[:100])
def test_rotation_from_rpy_is_the_fixed_axis_xyz_convention(rpy_deg):
    ours = frames.rotation_from_rpy(np.radians(rpy_deg))
    assert np.allclose(ours, euler.euler2mat(*np.radians(rpy_deg), axes="sxyz"), atol=1e-13)
    assert np.allclose(np.degrees(frames.rpy_from_rotation(ours)), rpy_deg, atol=1e-9)


def test_gimbal_lock_keeps_the_rotation():
    for pitch in (np.pi / 2, -np.pi / 2):
        rotation = frames.rotation_from_rpy((0.3, pitch, 1.1))
        again = frames.rotation_from_rpy(frames.rpy_from_rotation(rotation))
        assert np.allclose(again, rotation, atol=1e-8)


def test_angles_of_many_rotations_are_those_of_each() -> None:
    rng = np.random.default_rng(8)
    rpys = rng.uniform(-np.pi, np.pi, (40, 3))
    rpys[:20, 1] = np.pi / 2 * rng.choice((-1, 1), 20)  # straight up and down
    rotations = frames.rotation_from_rpy(rpys)
    each = [frames.rpy_from_rotation(rotation) for rotation in rotations]
    np.testing.assert_allclose(frames.rpys_from_rotations(rotations), each, atol=1e-14)
    assert frames.rpys_from_rotations(rotations[:0]).shape == (0, 3)


def test_carla_conversion_is_the_mirrored_matrix_for_every_attitude():
    mirror = np.diag([1.0, -1.0, 1.0])
    for roll, pitch, yaw in ATTITUDES:
        matrix = frames.matrix_from_carla((1.0, 2.0, 3.0), (pitch, yaw, roll))
        assert np.allclose(matrix[:3, :3], mirror @ carla_matrix(pitch, yaw, roll) @ mirror)
        assert np.allclose(matrix[:3, 3], (1.0, -2.0, 3.0))
        location, rotation = frames.carla_from_matrix(matrix)
        assert np.allclose(location, (1.0, 2.0, 3.0))
        assert np.allclose(rotation, (pitch, yaw, roll), atol=1e-9)


def test_signs_a_driver_would_expect():
    # CARLA: +yaw turns right, +pitch lifts the nose, +roll drops the right side.
    turned = frames.matrix_from_carla((0, 0, 0), (0, 90, 0))
    assert np.allclose(turned[:3, 0], (0, -1, 0))  # forward points right, which is -y in ROS
    lifted = frames.matrix_from_carla((0, 0, 0), (10, 0, 0))
    assert lifted[2, 0] > 0.17
    rolled = frames.matrix_from_carla((0, 0, 0), (0, 0, 10))
    assert rolled[2, 1] > 0.17  # the left side rises


def test_angular_velocity_follows_the_mirrored_skew_matrix():
    mirror = np.diag([1.0, -1.0, 1.0])
    for w in RNG.normal(size=(50, 3)):
        skew = np.array([[0, -w[2], w[1]], [w[2], 0, -w[0]], [-w[1], w[0], 0]])
        mirrored = mirror @ skew @ mirror
        expected = (mirrored[2, 1], mirrored[0, 2], mirrored[1, 0])
        assert np.allclose(frames.mirror_angular(w), expected)
        assert np.allclose(frames.mirror_vector(w), mirror @ w)


def test_quaternions_agree_with_scipy_in_both_directions():
    rotations = Rotation.random(500, random_state=3)
    for matrix, xyzw in zip(rotations.as_matrix(), rotations.as_quat(canonical=True), strict=True):
        assert np.allclose(frames.quaternion_from_rotation(matrix), xyzw, atol=1e-12)
    assert np.allclose(frames.rotation_from_quaternion(rotations.as_quat()), rotations.as_matrix())
    assert np.allclose(frames.rotation_from_quaternion([0, 0, 2.0, 2.0])[:2, :2], [[0, -1], [1, 0]])
    with pytest.raises(ValueError, match="length zero"):
        frames.rotation_from_quaternion([0, 0, 0, 0])


@pytest.mark.parametrize("axis", np.vstack([np.eye(3), -np.eye(3), np.ones((1, 3))]))
def test_half_turns_have_a_quaternion(axis):
    matrix = Rotation.from_rotvec(np.pi * axis / np.linalg.norm(axis)).as_matrix()
    again = frames.rotation_from_quaternion(frames.quaternion_from_rotation(matrix))
    assert np.allclose(again, matrix, atol=1e-12)


def test_interpolation_is_slerp_and_lerp_and_extrapolates():
    both = Rotation.random(2, random_state=5)
    start = frames.rigid(both.as_matrix()[0], (1, 2, 3))
    end = frames.rigid(both.as_matrix()[1], (3, 2, 1))
    fractions = np.array([0.0, 0.25, 1.0])
    between = frames.interpolate(start, end, fractions)
    assert np.allclose(between[:, :3, :3], Slerp([0, 1], both)(fractions).as_matrix())
    assert np.allclose(between[:, :3, 3], [(1, 2, 3), (1.5, 2, 2.5), (3, 2, 1)])
    beyond = frames.interpolate(end, frames.interpolate(start, end, 0.5), 2.0)
    assert np.allclose(beyond, start, atol=1e-9)
    assert np.array_equal(frames.interpolate(start, start, 0.3)[:3, 3], start[:3, 3])


def test_invert_handles_stacks():
    stack = np.stack(
        [
            frames.rigid(r, t)
            for r, t in zip(
                Rotation.random(9, random_state=1).as_matrix(), RNG.normal(size=(9, 3)), strict=True
            )
        ]
    )
    assert np.allclose(frames.invert(stack) @ stack, np.eye(4), atol=1e-12)


def test_optical_axes():
    forward_left_up = frames.BODY_FROM_OPTICAL[:3, :3] @ np.eye(3)
    assert np.array_equal(forward_left_up[:, 2], (1, 0, 0))  # optical z looks forward
    assert np.array_equal(forward_left_up[:, 0], (0, -1, 0))  # optical x points right
    assert np.array_equal(forward_left_up[:, 1], (0, 0, -1))  # optical y points down


def test_the_rate_between_two_poses() -> None:
    before = frames.matrix_from_xyz_rpy((0, 0, 0), (0.1, -0.2, 3.0))
    turned = before @ frames.matrix_from_xyz_rpy((0, 0, 0), (0, 0, 0.05))
    np.testing.assert_allclose(frames.rotation_rate(before, turned, 0.1), [0, 0, 0.5], atol=1e-9)
    np.testing.assert_array_equal(frames.rotation_rate(before, before, 0.1), [0, 0, 0])


def test_many_places_of_carla_are_each_what_one_is():
    numbers = np.random.default_rng(5)
    places = np.concatenate(
        [numbers.normal(size=(7, 3)) * 100.0, numbers.uniform(-180.0, 180.0, (7, 3))], axis=1
    )
    places[0, 3:] = 0.0
    one_by_one = [frames.matrix_from_carla(place[:3], place[3:]) for place in places]
    assert frames.matrices_from_carla(places).tobytes() == np.array(one_by_one).tobytes()
    assert frames.matrices_from_carla([]).shape == (0, 4, 4)
