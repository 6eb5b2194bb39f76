"""Messages of the ego: odometry, IMU, GNSS, transform, the drive that is measured and asked."""

from __future__ import annotations

import numpy as np
from ackermann_msgs.msg import AckermannDrive, AckermannDriveStamped
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Odometry, Path
from numpy.typing import NDArray
from sensor_msgs.msg import Imu, NavSatFix, NavSatStatus
from tf2_msgs.msg import TFMessage

from ...agents.agent import DriveTarget
from ...core.frames import Matrix
from ...world.odometry import TRUTH
from ...world.states import EgoState
from .convert import (
    header,
    pose_message,
    quaternion_message,
    transform_message,
    vector_message,
)

GRAVITY_MPS2 = 9.81


def odom_from_base(ego: EgoState) -> Matrix:
    """Return where base_link is in odom, whose origin and axes are the map's."""
    return ego.map_from_base


def odometry_message(
    ego: EgoState,
    stamp_ns: int,
    pose_covariance: Matrix = TRUTH,
    twist_covariance: Matrix = TRUTH,
) -> Odometry:
    """Return the pose of base_link in odom with its twist in base_link.

    Covariances are (6, 6) in m^2, rad^2 and the same per s^2; by default both are ground truth,
    with variances of 1e-6.
    """
    message = Odometry(header=header(stamp_ns, "odom"), child_frame_id="base_link")
    message.pose.pose = pose_message(odom_from_base(ego))
    message.twist.twist.linear = vector_message(ego.linear_base_mps)
    message.twist.twist.angular = vector_message(ego.angular_base_radps)
    message.pose.covariance = pose_covariance.ravel()
    message.twist.covariance = twist_covariance.ravel()
    return message


def ground_truth_message(ego: EgoState, stamp_ns: int) -> Odometry:
    """Return the true pose of base_link in map with its twist, where odometry is an estimate."""
    message = odometry_message(ego, stamp_ns)
    message.header.frame_id = "map"
    return message


def base_transform(ego: EgoState, stamp_ns: int) -> TFMessage:
    """Return odom -> base_link."""
    transform = transform_message(odom_from_base(ego), "odom", "base_link", stamp_ns)
    return TFMessage(transforms=[transform])


def imu_message(ego: EgoState, stamp_ns: int) -> Imu:
    """Return what an ideal IMU at base_link measures (REP-145).

    At rest the acceleration is +9.81 m/s^2 upwards; yaw 0 is east; covariances are unknown.
    """
    up = ego.map_from_base[:3, :3].T @ np.array([0.0, 0.0, GRAVITY_MPS2])
    return Imu(
        header=header(stamp_ns, "base_link"),
        orientation=quaternion_message(ego.map_from_base),
        angular_velocity=vector_message(ego.angular_base_radps),
        linear_acceleration=vector_message(ego.acceleration_base_mps2 + up),
    )


def gnss_message(latitude: float, longitude: float, altitude_m: float, stamp_ns: int) -> NavSatFix:
    """Return a fix at base_link in WGS84 degrees, covariance unknown."""
    return NavSatFix(
        header=header(stamp_ns, "base_link"),
        status=NavSatStatus(status=NavSatStatus.STATUS_FIX, service=NavSatStatus.SERVICE_GPS),
        latitude=latitude,
        longitude=longitude,
        altitude=altitude_m,
        position_covariance_type=NavSatFix.COVARIANCE_TYPE_UNKNOWN,
    )


def drive_message(ego: EgoState, steer_rad: float, stamp_ns: int) -> AckermannDriveStamped:
    """Return the measured drive: steering angle (rad, left positive), speed, acceleration."""
    return AckermannDriveStamped(
        header=header(stamp_ns, "base_link"),
        drive=AckermannDrive(
            steering_angle=steer_rad,
            speed=ego.speed_mps,
            acceleration=float(ego.acceleration_base_mps2[0]),
        ),
    )


def drive_command_message(drive: DriveTarget, stamp_ns: int) -> AckermannDriveStamped:
    """Return the drive that an agent asks for at a stamp: steering angle and speed."""
    return AckermannDriveStamped(
        header=header(stamp_ns, "base_link"),
        drive=AckermannDrive(steering_angle=drive.steer_rad, speed=drive.speed_mps),
    )


def path_message(map_from_points: NDArray[np.float64], stamp_ns: int) -> Path:
    """Return the path of poses (N, 4, 4) in the map."""
    head = header(stamp_ns, "map")
    return Path(
        header=head,
        poses=[PoseStamped(header=head, pose=pose_message(pose)) for pose in map_from_points],
    )
