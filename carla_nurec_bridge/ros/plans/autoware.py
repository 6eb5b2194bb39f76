"""Plans as Autoware tells them: autoware_planning_msgs/Trajectory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ...core.run_contract.timebase import NS_PER_S
from ...world.timed_path import TimedPath
from ..messages.convert import nanoseconds_of
from .messages import PoseAt, in_map, poses_of

_SAME_PLACE_M = 1e-3


def read_autoware(message: Any, pose_at: PoseAt) -> TimedPath:
    """Return a plan of autoware_planning_msgs/Trajectory; InputError says what cannot be read.

    Its poses are those of base_link. Points come ``time_from_start`` after the message's stamp.
    Most of Autoware's planners leave that at zero; then the points' speeds say when each is
    reached: the nearest to where the ego was at the stamp just then. Where the speeds come to zero
    the plan ends, standing.
    """
    start_ns = nanoseconds_of(message.header.stamp)
    points = message.points
    after_ns = np.array([nanoseconds_of(point.time_from_start) for point in points], np.int64)
    poses = in_map(poses_of([point.pose for point in points], "position"), message.header, pose_at)
    if after_ns.any() or len(points) == 1:
        return TimedPath(start_ns + after_ns, poses)
    speeds = np.array([point.longitudinal_velocity_mps for point in points], np.float64)
    if not np.isfinite(speeds).all() or (speeds < 0.0).any():
        raise InputError("a speed in it is not finite, or backwards without time_from_start")
    return _by_speed(poses, speeds, start_ns, pose_at(start_ns)[:2, 3])


def _by_speed(
    poses: NDArray[np.float64],
    speeds: NDArray[np.float64],
    start_ns: int,
    here: NDArray[np.float64],
) -> TimedPath:
    places = poses[:, :2, 3]
    steps_m = np.linalg.norm(np.diff(places, axis=0), axis=1)
    moved = np.concatenate([[True], steps_m > _SAME_PLACE_M])
    poses, speeds, places = poses[moved], speeds[moved], places[moved]
    steps_m = np.linalg.norm(np.diff(places, axis=0), axis=1)
    mean_mps = (speeds[:-1] + speeds[1:]) / 2.0
    nearest = int(np.argmin(np.linalg.norm(places - here, axis=1)))
    stands = np.flatnonzero((mean_mps <= 0.0) & (np.arange(len(mean_mps)) >= nearest))
    last = int(stands[0]) if len(stands) else len(mean_mps)
    behind_mps = np.maximum(mean_mps, 1.0)  # how points behind the ego were reached is over
    pace_mps = np.where(np.arange(len(mean_mps)) < nearest, behind_mps, np.maximum(mean_mps, 1e-3))
    times_s = np.concatenate([[0.0], np.cumsum(steps_m / pace_mps)])
    after_ns = np.round((times_s - times_s[nearest]) * NS_PER_S).astype(np.int64)
    stamps_ns, poses = start_ns + after_ns[: last + 1], poses[: last + 1]
    if len(stands):
        stamps_ns = np.append(stamps_ns, stamps_ns[-1] + NS_PER_S)
        poses = np.concatenate([poses, poses[-1:]])
    return TimedPath(stamps_ns, poses)
