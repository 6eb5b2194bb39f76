"""Messages of CARLA's own sensors: clouds, IMU, GNSS, and what happened to the ego."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from sensor_msgs.msg import Imu, NavSatFix, NavSatStatus

from ...core.rig.sensor_values import GnssFix, ImuReading, Reading, SensorEvent
from .convert import bulk_fields, header, vector_message

_LEVELS = {
    "ok": DiagnosticStatus.OK,
    "warning": DiagnosticStatus.WARN,
    "error": DiagnosticStatus.ERROR,
}
METRES_PER_DEGREE = 6_378_137.0 * math.pi / 180.0


def reading_message(reading: Reading, stamp_ns: int, frame_id: str) -> Any:
    """Return the message of what a sensor read, stamped in ns; of a cloud a BulkMessage."""
    match reading:
        case ImuReading():
            return _imu(reading, stamp_ns, frame_id)
        case GnssFix():
            return _gnss(reading, stamp_ns, frame_id)
        case _:
            return bulk_fields(reading, stamp_ns, frame_id)


def _imu(felt: ImuReading, stamp_ns: int, frame_id: str) -> Imu:
    """Return REP-145's data_raw: no orientation; zeros mean that a covariance is unknown."""
    return Imu(
        header=header(stamp_ns, frame_id),
        orientation_covariance=[-1.0, *[0.0] * 8],
        linear_acceleration=vector_message(felt.acceleration),
        linear_acceleration_covariance=np.diag(felt.variances[:3]).ravel(),
        angular_velocity=vector_message(felt.angular),
        angular_velocity_covariance=np.diag(felt.variances[3:]).ravel(),
    )


def _gnss(fix: GnssFix, stamp_ns: int, frame_id: str) -> NavSatFix:
    """Return a fix; its covariance is in m^2 of east, north and up."""
    north = fix.variances[0] * METRES_PER_DEGREE**2
    east = fix.variances[1] * (METRES_PER_DEGREE * math.cos(math.radians(fix.latitude))) ** 2
    known = any(fix.variances)
    return NavSatFix(
        header=header(stamp_ns, frame_id),
        status=NavSatStatus(status=NavSatStatus.STATUS_FIX, service=NavSatStatus.SERVICE_GPS),
        latitude=fix.latitude,
        longitude=fix.longitude,
        altitude=fix.altitude_m,
        position_covariance=np.diag([east, north, fix.variances[2]]).ravel(),
        position_covariance_type=(
            NavSatFix.COVARIANCE_TYPE_DIAGONAL_KNOWN if known else NavSatFix.COVARIANCE_TYPE_UNKNOWN
        ),
    )


def event_message(event: SensorEvent, stamp_ns: int) -> DiagnosticArray:
    """Return an event; ``hardware_id`` names the sensor, the values are the event's facts."""
    status = DiagnosticStatus(
        level=_LEVELS[event.level],
        name=event.kind,
        message=event.summary,
        hardware_id=event.sensor,
        values=[KeyValue(key=key, value=value) for key, value in event.facts.items()],
    )
    return DiagnosticArray(header=header(stamp_ns, "base_link"), status=[status])
