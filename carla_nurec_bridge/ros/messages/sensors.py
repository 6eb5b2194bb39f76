"""Messages of CARLA's own sensors: clouds, IMU, GNSS, and what happened to the ego."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from sensor_msgs.msg import Imu, NavSatFix, NavSatStatus

from .convert import fields_message, header, vector_message

if TYPE_CHECKING:
    from ...carla_client.sensors.decode import Felt, Fix
    from ...carla_client.sensors.sensor_events import SensorEvent
    from ...core.rig.rig import RigSensor

METRES_PER_DEGREE = 6_378_137.0 * math.pi / 180.0


def reading_message(sensor: RigSensor, reading: Any, stamp: int) -> Any:
    """Return the message of what a sensor read; see ``carla_client.devices.Device.take``."""
    frame_id = f"{sensor.name}_link"
    if sensor.kind == "imu":
        return _imu(reading, sensor.variances, stamp, frame_id)
    if sensor.kind == "gnss":
        return _gnss(reading, sensor.variances, stamp, frame_id)
    return fields_message(reading, stamp, frame_id)


def _imu(felt: Felt, variances: tuple[float, ...], stamp: int, frame_id: str) -> Imu:
    """Return REP-145's data_raw: no orientation; zeros mean that a covariance is unknown."""
    return Imu(
        header=header(stamp, frame_id),
        orientation_covariance=[-1.0, *[0.0] * 8],
        linear_acceleration=vector_message(felt.acceleration),
        linear_acceleration_covariance=np.diag(variances[:3]).ravel(),
        angular_velocity=vector_message(felt.angular),
        angular_velocity_covariance=np.diag(variances[3:]).ravel(),
    )


def _gnss(fix: Fix, variances: tuple[float, ...], stamp: int, frame_id: str) -> NavSatFix:
    """Return a fix; its covariance is in m^2 of east, north and up."""
    north = variances[0] * METRES_PER_DEGREE**2
    east = variances[1] * (METRES_PER_DEGREE * math.cos(math.radians(fix.latitude))) ** 2
    known = any(variances)
    return NavSatFix(
        header=header(stamp, frame_id),
        status=NavSatStatus(status=NavSatStatus.STATUS_FIX, service=NavSatStatus.SERVICE_GPS),
        latitude=fix.latitude,
        longitude=fix.longitude,
        altitude=fix.altitude_m,
        position_covariance=np.diag([east, north, variances[2]]).ravel(),
        position_covariance_type=(
            NavSatFix.COVARIANCE_TYPE_DIAGONAL_KNOWN if known else NavSatFix.COVARIANCE_TYPE_UNKNOWN
        ),
    )


def happening_message(happening: SensorEvent, stamp: int) -> DiagnosticArray:
    """Return an event; ``hardware_id`` names the sensor, the values are the event's facts."""
    level = DiagnosticStatus.ERROR if happening.kind == "collision" else DiagnosticStatus.WARN
    status = DiagnosticStatus(
        level=level,
        name=happening.kind,
        message=happening.summary,
        hardware_id=happening.sensor,
        values=[KeyValue(key=key, value=value) for key, value in happening.facts.items()],
    )
    return DiagnosticArray(header=header(stamp, "base_link"), status=[status])
