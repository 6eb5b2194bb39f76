"""The tables of a fleet: one row a vehicle, and what their columns hold.

CARLA's axes (x forward, y right, z up), metres, radians, seconds; U, V and W are the speeds along
the body's axes.
"""

from __future__ import annotations

import numpy as np

# Columns of the state table.
(
    X,
    Y,
    Z,
    PITCH,
    YAW,
    ROLL,
    VEL_X,
    VEL_Y,
    VEL_Z,
    ANG_X,
    ANG_Y,
    ANG_Z,
    ACC_X,
    ACC_Y,
    ACC_Z,
    U,
    V,
    W,
    YAW_RATE,
    STEER,
    RPM,
    GEAR,
    SHIFT_S,
    FORCE_X,
    FORCE_Y,
    FORCE_Z,
    TORQUE_Z,
    ROLLED,
    PRESSURE,
) = range(29)
STATE_COLUMNS = 29

# Columns of the control table.
(
    THROTTLE,
    STEER_CMD,
    BRAKE,
    HAND_BRAKE,
    REVERSE,
    MANUAL,
    GEAR_CMD,
    MODE,
    CONST_U,
    CONST_V,
    CONST_W,
    GRAVITY_ON,
    COLLIDES,
) = range(13)
CONTROL_COLUMNS = 13
PHYSICS, FROZEN, CONSTANT_VELOCITY = 0.0, 1.0, 2.0

# Columns of the parameter table.
(
    MASS,
    INERTIA,
    FRONT_M,
    REAR_M,
    HALF_TRACK_M,
    COG_HEIGHT_M,
    WHEEL_RADIUS_M,
    MAX_STEER,
    FRICTION,
    STIFFNESS,
    BRAKE_FORCE,
    HAND_BRAKE_FORCE,
    MAX_RPM,
    FINAL_RATIO,
    GEARS,
    AUTOBOX,
    SWITCH_S,
    DRAG_AREA,
    ENGINE_DRAG,
    TWO_WHEELS,
    HOLD,
) = range(21)
PARAMETER_COLUMNS = 21

CURVE_POINTS = 12


def empty_tables(count: int) -> tuple[np.ndarray, ...]:
    """Return zeroed state, control, parameters, gears, torque and steering for ``count`` rows."""
    return (
        np.zeros((count, STATE_COLUMNS)),
        np.zeros((count, CONTROL_COLUMNS)),
        np.zeros((count, PARAMETER_COLUMNS)),
        np.zeros((count, CURVE_POINTS, 3)),
        np.zeros((count, CURVE_POINTS, 2)),
        np.zeros((count, CURVE_POINTS, 2)),
    )
