"""Telemetry: what a vehicle and its wheels do, as clients ask for it."""

from __future__ import annotations

import math

from . import columns as col
from .control import Telemetry, WheelTelemetry
from .dynamics import AIR_DENSITY, GRAVITY
from .fleet import Fleet, Table
from .vehicle_model import FRICTION_SHARE


def telemetry_of(fleet: Fleet, actor_id: int) -> Telemetry:
    """Return what a vehicle does; wheels share forces in proportion to their loads."""
    row = fleet.row_of[actor_id]
    s, c, p = fleet.state[row], fleet.control[row], fleet.parameters[row]
    speed = float(math.hypot(s[col.U], s[col.V]))
    weight = float(p[col.MASS]) * GRAVITY
    along = float(s[col.ACC_X] * math.cos(s[col.YAW]) + s[col.ACC_Y] * math.sin(s[col.YAW]))
    across = float(s[col.ACC_Y] * math.cos(s[col.YAW]) - s[col.ACC_X] * math.sin(s[col.YAW]))
    loads = _wheel_loads(p, along, across)
    slip = math.atan2(float(s[col.V]), max(abs(float(s[col.U])), 0.1))
    wheels = [
        WheelTelemetry(
            tire_friction=float(p[col.FRICTION]) / FRICTION_SHARE,
            lat_slip=slip,
            long_slip=0.0,
            omega=float(s[col.U] / p[col.WHEEL_RADIUS_M]),
            tire_load=load,
            normalized_tire_load=load * len(loads) / weight,
            torque=load / GRAVITY * along * float(p[col.WHEEL_RADIUS_M]),
            long_force=load / GRAVITY * along,
            lat_force=load / GRAVITY * across,
            normalized_long_force=along / GRAVITY,
            normalized_lat_force=across / GRAVITY,
        )
        for load in loads
    ]
    return Telemetry(
        speed,
        float(c[col.STEER_CMD]),
        float(c[col.THROTTLE]),
        float(c[col.BRAKE]),
        float(s[col.RPM]),
        int(s[col.GEAR]),
        0.5 * AIR_DENSITY * float(p[col.DRAG_AREA]) * speed**2,
        wheels,
    )


def _wheel_loads(p: Table, along: float, across: float) -> list[float]:
    """Return each wheel's load in N while accelerating ``along`` and ``across`` in m/s^2.

    Two-wheelers lean into a bend, so that left and right wheels share the load evenly.
    """
    base = float(p[col.FRONT_M] + p[col.REAR_M])
    mass, height = float(p[col.MASS]), float(p[col.COG_HEIGHT_M])
    back = mass * along * height / base
    front = mass * GRAVITY * float(p[col.REAR_M]) / base - back
    axles = [max(front, 0.0), max(mass * GRAVITY - front, 0.0)]
    shift = across * height / (2.0 * GRAVITY * float(p[col.HALF_TRACK_M]))
    left = 0.5 if p[col.TWO_WHEELS] > 0.5 else min(max(0.5 + shift, 0.0), 1.0)
    return [share * axle for axle in axles for share in (left, 1.0 - left)]
