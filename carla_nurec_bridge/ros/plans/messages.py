"""What a stack answers, as a timed path: its plan, or what its command leads to."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from ackermann_msgs.msg import AckermannDriveStamped
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Path
from numpy.typing import NDArray

from ...core.errors import InputError
from ...core.frames import Matrix, rigid, rotation_from_quaternion, rotation_from_rpy
from ...core.run_contract.timebase import seconds_to_ns
from ...world.timed_path import TimedPath
from ..messages.convert import header, nanoseconds_of, pose_message

PoseAt = Callable[[int], Matrix]
"""Returns map_from_base at a stamp (ns)."""

_IN_MAP = ("map", "odom")
_IN_BASE = "base_link"
_STEP_S = 0.1


def read_path(message: Path, pose_at: PoseAt) -> TimedPath:
    """Return a plan of stamped poses; InputError says what of it cannot be read.

    Its frame is map, odom, or base_link as that lay at the message's stamp.
    """
    stamps_ns = [nanoseconds_of(item.header.stamp) for item in message.poses]
    if stamps_ns and not any(stamps_ns):
        raise InputError("its poses have no stamps; a plan says when base_link is to be where")
    poses = poses_of([item.pose for item in message.poses], "position")
    return TimedPath(np.array(stamps_ns, np.int64), in_map(poses, message.header, pose_at))


def read_multi_dof(message: Any, pose_at: PoseAt) -> TimedPath:
    """Return a plan of trajectory_msgs/MultiDOFJointTrajectory, its first joint, as ``read_path``.

    Points come ``time_from_start`` after the message's stamp.
    """
    start_ns = nanoseconds_of(message.header.stamp)
    if any(not point.transforms for point in message.points):
        raise InputError("a point of it has no transform")
    stamps_ns = [start_ns + nanoseconds_of(point.time_from_start) for point in message.points]
    poses = poses_of([point.transforms[0] for point in message.points], "translation")
    return TimedPath(np.array(stamps_ns, np.int64), in_map(poses, message.header, pose_at))


def follow_command(
    message: AckermannDriveStamped, pose_at: PoseAt, wheelbase_m: float, horizon_s: float
) -> TimedPath:
    """Return where an asked speed and steering angle lead in ``horizon_s``, both held.

    The vehicle is a kinematic bicycle; it goes along an arc of exactly that curvature.
    """
    stamp_ns = nanoseconds_of(message.header.stamp)
    speed, steer = float(message.drive.speed), float(message.drive.steering_angle)
    if not (math.isfinite(speed) and math.isfinite(steer) and abs(steer) < math.pi / 2):
        raise InputError("its speed or steering angle is no number that a vehicle can have")
    later_s = _STEP_S * np.arange(1, round(horizon_s / _STEP_S) + 1)
    turned = later_s * speed * math.tan(steer) / wheelbase_m
    chord = speed * later_s * np.sinc(turned / (2.0 * np.pi))
    base_from_later = [
        rigid(rotation_from_rpy((0.0, 0.0, t)), (c * math.cos(t / 2), c * math.sin(t / 2), 0.0))
        for t, c in zip(turned, chord, strict=True)
    ]
    stamps_ns = stamp_ns + np.array([seconds_to_ns(float(s)) for s in later_s], np.int64)
    return TimedPath(stamps_ns, pose_at(stamp_ns) @ np.array(base_from_later))


def timed_path_message(path: TimedPath, stamp_ns: int) -> Path:
    """Return a timed path in the map, its poses with their stamps."""
    pairs = zip(path.stamps_ns, path.map_from_base, strict=True)
    return Path(
        header=header(stamp_ns, "map"),
        poses=[PoseStamped(header=header(int(s), "map"), pose=pose_message(p)) for s, p in pairs],
    )


def poses_along(points: NDArray[np.float64]) -> Matrix:
    """Return poses (N, 4, 4) at points (N, 3) that look along the way."""
    if len(points) < 2:
        return np.array([rigid(np.eye(3), point) for point in points]).reshape(-1, 4, 4)
    steps = np.gradient(points[:, :2], axis=0)
    yaws = np.arctan2(steps[:, 1], steps[:, 0])
    return np.array(
        [
            rigid(rotation_from_rpy((0.0, 0.0, yaw)), point)
            for yaw, point in zip(yaws, points, strict=True)
        ]
    )


def poses_of(items: list[Any], place: str) -> Matrix:
    """Return the poses (N, 4, 4) of poses or transforms; those without rotation look ahead."""
    if not items:
        raise InputError("it has no poses")
    spots = [getattr(item, place) for item in items]
    points = np.array([(p.x, p.y, p.z) for p in spots], np.float64)
    turns = [getattr(item, "orientation", None) or item.rotation for item in items]
    xyzw = np.array([(q.x, q.y, q.z, q.w) for q in turns], np.float64)
    if not (np.isfinite(points).all() and np.isfinite(xyzw).all()):
        raise InputError("a number in it is not finite")
    poses = poses_along(points)
    told = np.linalg.norm(xyzw, axis=1) > 1e-3
    poses[told, :3, :3] = rotation_from_quaternion(xyzw[told])
    return poses


def in_map(poses: Matrix, head: Any, pose_at: PoseAt) -> Matrix:
    """Return the poses (N, 4, 4) of a message with this header in the map."""
    frame = head.frame_id.rpartition("/")[2]
    if frame in _IN_MAP:
        return poses
    if frame == _IN_BASE:
        moved: Matrix = pose_at(nanoseconds_of(head.stamp)) @ poses
        return moved
    known = ", ".join((*_IN_MAP, _IN_BASE))
    raise InputError(f"its frame is {head.frame_id!r}; plans are taken in {known}")
