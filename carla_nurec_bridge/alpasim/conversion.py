"""Trajectories, motion and cameras of the contract as values, and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..core.cameras.models import CameraModel
from ..core.cameras.shutter import Shutter
from ..core.errors import InputError
from ..core.frames import BODY_FROM_OPTICAL, Matrix
from ..nurec.client.conversion import (
    camera_model,
    camera_shutter,
    pose_matrices,
    pose_matrix,
    pose_message,
)
from ..nurec.stubs import common_pb2 as common
from ..nurec.stubs import sensorsim_pb2 as sensorsim
from ..world.states import Vector
from ..world.timed_path import TimedPath
from .session_clock import SessionClock

_COEFFICIENTS = {
    "opencv_pinhole_param": {"radial_coeffs": 6, "tangential_coeffs": 2, "thin_prism_coeffs": 4},
    "opencv_fisheye_param": {"radial_coeffs": 4},
}
_NO_NAME = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, eq=False)
class DeclaredCamera:
    """A camera of a session; ``name`` is its logical id as a ROS topic may have it."""

    logical_id: str
    name: str
    model: CameraModel
    shutter: Shutter
    rig_from_camera: Matrix


@dataclass(frozen=True, eq=False)
class RigMotion:
    """How the rig moves, in its own axes: m/s, rad/s, m/s^2."""

    linear_mps: Vector
    angular_radps: Vector
    acceleration_mps2: Vector


def timed_path(trajectory: common.Trajectory, clock: SessionClock) -> TimedPath | None:
    """Return the poses of a trajectory in the local frame; None of an empty one.

    InputError for times that do not rise and poses that are none.
    """
    if not trajectory.poses:
        return None
    stamps_ns = [clock.stamp_ns(item.timestamp_us) for item in trajectory.poses]
    poses = pose_matrices([item.pose for item in trajectory.poses])
    return TimedPath(np.array(stamps_ns, np.int64), poses)


def trajectory_message(path: TimedPath, clock: SessionClock) -> common.Trajectory:
    """Return the message of a timed path."""
    pairs = zip(path.stamps_ns, path.map_from_base, strict=True)
    return common.Trajectory(
        poses=[
            common.PoseAtTime(pose=pose_message(pose), timestamp_us=clock.time_us(int(stamp_ns)))
            for stamp_ns, pose in pairs
        ]
    )


def rig_motion(state: common.DynamicState) -> RigMotion:
    """Return how the rig moves; InputError for a number that is not finite."""
    rows = (state.linear_velocity, state.angular_velocity, state.linear_acceleration)
    motion = RigMotion(*(np.array([v.x, v.y, v.z], np.float64) for v in rows))
    if not all(np.isfinite(row).all() for row in vars(motion).values()):
        raise InputError("a dynamic state holds a number that is not finite")
    return motion


def motion_message(motion: RigMotion) -> common.DynamicState:
    """Return the message of a motion."""
    return common.DynamicState(
        linear_velocity=_vector(motion.linear_mps),
        angular_velocity=_vector(motion.angular_radps),
        linear_acceleration=_vector(motion.acceleration_mps2),
    )


def points_array(points: Sequence[common.Vec3]) -> Matrix:
    """Return points (N, 3) in m; InputError for one that is not finite."""
    array = np.array([(p.x, p.y, p.z) for p in points], np.float64).reshape(-1, 3)
    if not np.isfinite(array).all():
        raise InputError("a waypoint holds a number that is not finite")
    return array


def point_messages(points: Matrix) -> list[common.Vec3]:
    """Return the messages of points (N, 3) in m."""
    return [_vector(point) for point in points]


def declared_cameras(
    cameras: Iterable[sensorsim.AvailableCamerasReturn.AvailableCamera], *, as_bodies: bool
) -> dict[str, DeclaredCamera]:
    """Return the cameras of a session by logical id.

    With ``as_bodies`` their mounts are those of bodies (x along the optical axis), else of optical
    frames. InputError names the camera that cannot be had.
    """
    found: dict[str, DeclaredCamera] = {}
    names: dict[str, str] = {}
    for message in cameras:
        camera = _declared(message, as_bodies=as_bodies)
        if camera.logical_id in found:
            raise InputError(f"the camera {camera.logical_id!r} is declared twice")
        other = names.setdefault(camera.name, camera.logical_id)
        if other != camera.logical_id:
            raise InputError(
                f"the cameras {other!r} and {camera.logical_id!r} would share the topics of "
                f"camera/{camera.name}; give them names that differ in letters and digits"
            )
        found[camera.logical_id] = camera
    return found


def _declared(
    message: sensorsim.AvailableCamerasReturn.AvailableCamera, *, as_bodies: bool
) -> DeclaredCamera:
    logical_id = message.logical_id or message.intrinsics.logical_id
    try:
        mount = pose_matrix(message.rig_to_camera)
        if as_bodies:
            mount = mount @ BODY_FROM_OPTICAL
        return DeclaredCamera(
            logical_id,
            topic_name(logical_id),
            camera_model(_undistorted_where_untold(message.intrinsics)),
            camera_shutter(message.intrinsics),
            mount,
        )
    except InputError as error:
        raise InputError(f"camera {logical_id!r}: {error}") from error


def _undistorted_where_untold(spec: sensorsim.CameraSpec) -> sensorsim.CameraSpec:
    """Return a lens whose lists of coefficients are whole: peers leave those of zeros empty."""
    whole = sensorsim.CameraSpec()
    whole.CopyFrom(spec)
    optics = spec.WhichOneof("camera_param")
    for name, count in _COEFFICIENTS.get(optics or "", {}).items():
        listed = getattr(getattr(whole, str(optics)), name)
        if not listed:
            listed.extend([0.0] * count)
    return whole


def topic_name(logical_id: str) -> str:
    """Return a logical id as a part of a topic's name; what follows an ``@`` is left out.

    InputError for one without a letter.
    """
    name = _NO_NAME.sub("_", logical_id.partition("@")[0]).strip("_")
    if not name:
        raise InputError("the name has neither letter nor digit, so no topic can have it")
    return f"camera_{name}" if name[0].isdigit() else name


def _vector(vector: Vector) -> common.Vec3:
    x, y, z = (float(value) for value in vector)
    return common.Vec3(x=x, y=y, z=z)
