"""What a stack answers, read as a timed path."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from ackermann_msgs.msg import AckermannDrive, AckermannDriveStamped
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import PoseStamped, Transform
from nav_msgs.msg import Path

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.frames import Matrix, matrix_from_xyz_rpy, rpy_from_rotation
from carla_nurec_bridge.ros.messages.convert import header, stamp_message
from carla_nurec_bridge.ros.plans.messages import follow_command, read_multi_dof, read_path

pytestmark = pytest.mark.ros

_S = 1_000_000_000
_HERE = matrix_from_xyz_rpy((10.0, 0.0, 0.0), (0, 0, math.pi / 2))


def here(_: int) -> Matrix:
    return _HERE


def path(frame: str, *stamps_s: float, w: float = 1.0) -> Path:
    message = Path(header=header(5 * _S, frame))
    for i, stamp_s in enumerate(stamps_s):
        pose = PoseStamped(header=header(round(stamp_s * _S), frame))
        pose.pose.position.x, pose.pose.orientation.w = float(i), w
        message.poses.append(pose)
    return message


@pytest.mark.parametrize(
    ("frame", "last"),
    [("map", (1.0, 0.0)), ("ego1/odom", (1.0, 0.0)), ("base_link", (10.0, 1.0))],
)
def test_plans_are_taken_in_three_frames(frame: str, last: tuple[float, float]) -> None:
    found = read_path(path(frame, 5.1, 5.2), here)
    assert found.stamps_ns.tolist() == [5_100_000_000, 5_200_000_000]
    np.testing.assert_allclose(found.map_from_base[-1, :2, 3], last, atol=1e-12)


def test_poses_without_rotation_look_along_the_way() -> None:
    message = path("map", 5.1, 5.2, w=0.0)
    message.poses[1].pose.position.y = 1.0
    yaw = rpy_from_rotation(read_path(message, here).map_from_base[0, :3, :3])[2]
    assert yaw == pytest.approx(math.pi / 4)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (path("map"), "has no poses"),
        (path("map", 0.0, 0.0), "have no stamps"),
        (path("map", 5.2, 5.1), "not later"),
        (path("world", 5.1), "its frame is 'world'; plans are taken in map, odom, base_link"),
        (path("map", 5.1, w=math.nan), "not finite"),
    ],
)
def test_what_is_no_plan_is_refused(message: Path, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_path(message, here)


def multi_dof(*transforms: list[Transform]) -> Any:
    """A MultiDOFJointTrajectory, whose package has no wheel."""
    points = [
        SimpleNamespace(transforms=list(t), time_from_start=Duration(nanosec=100_000_000 * (i + 1)))
        for i, t in enumerate(transforms)
    ]
    return SimpleNamespace(header=header(5 * _S, "map"), points=points)


def test_a_trajectory_counts_from_its_stamp() -> None:
    far = Transform()
    far.translation.x = 3.0
    found = read_multi_dof(multi_dof([Transform()], [far]), here)
    assert found.stamps_ns.tolist() == [5_100_000_000, 5_200_000_000]
    assert found.map_from_base[1, 0, 3] == 3.0
    with pytest.raises(InputError, match="no transform"):
        read_multi_dof(multi_dof([]), here)


def command(speed: float, steer: float) -> AckermannDriveStamped:
    message = AckermannDriveStamped(drive=AckermannDrive(speed=speed, steering_angle=steer))
    message.header.stamp = stamp_message(5 * _S)
    return message


@pytest.mark.parametrize("steer", [0.2, -0.35])
def test_a_command_leads_along_its_circle(steer: float) -> None:
    found = follow_command(command(5.0, steer), lambda _: np.eye(4), 2.85, 3.0)
    radius = 2.85 / math.tan(steer)
    assert found.end_ns == 8 * _S
    distances = np.linalg.norm(found.map_from_base[:, :2, 3] - (0.0, radius), axis=1)
    np.testing.assert_allclose(distances, abs(radius), rtol=1e-6)
    turned = rpy_from_rotation(found.map_from_base[-1, :3, :3])[2]
    assert turned == pytest.approx(5.0 * 3.0 / radius, rel=1e-6)


def test_a_straight_command_leads_straight() -> None:
    found = follow_command(command(5.0, 0.0), here, 2.85, 2.0)
    np.testing.assert_allclose(found.map_from_base[-1, :2, 3], (10.0, 10.0), atol=1e-9)


@pytest.mark.parametrize(("speed", "steer"), [(math.nan, 0.0), (1.0, 1.6)])
def test_a_command_that_no_vehicle_can_follow_is_refused(speed: float, steer: float) -> None:
    with pytest.raises(InputError, match="no number that a vehicle can have"):
        follow_command(command(speed, steer), here, 2.85, 2.0)
