"""Engine and gears, compiled: what force at the road a pedal comes to.

Rows and columns are those of ``columns``; torque curves are (K, 2) over rpm.
"""

from __future__ import annotations

import math

import numba

from . import columns as col

IDLE_RPM = 800.0
DRIVE_EFFICIENCY = 0.9
RAD_PER_S_FROM_RPM = math.pi / 30.0


@numba.njit(cache=True, inline="always", error_model="numpy")
def curve(points, x):  # type: ignore[no-untyped-def]
    """Interpolate a padded (K, 2) curve; constant beyond its ends."""
    if x <= points[0, 0]:
        return points[0, 1]
    for k in range(1, points.shape[0]):
        if x <= points[k, 0]:
            width = points[k, 0] - points[k - 1, 0]
            share = (x - points[k - 1, 0]) / width if width > 0.0 else 1.0
            return points[k - 1, 1] + share * (points[k, 1] - points[k - 1, 1])
    return points[-1, 1]


@numba.njit(cache=True, error_model="numpy")
def shift(s, c, p, gears, engine_rpm, h):  # type: ignore[no-untyped-def]
    """Choose the gear; while shifting (``SHIFT_S`` > 0) the clutch is open.

    ``s``, ``c`` and ``p`` are a vehicle's rows of state, control and parameters; ``gears`` (K, 3)
    are ratios, and the shares of the highest speed to shift down and up at; ``engine_rpm`` is the
    speed in this gear, ``h`` the step in seconds.
    """
    s[col.SHIFT_S] = max(s[col.SHIFT_S] - h, 0.0)
    if c[col.REVERSE] > 0.5:
        s[col.GEAR] = -1.0
        return
    count = p[col.GEARS]
    if c[col.MANUAL] > 0.5:
        s[col.GEAR] = min(max(c[col.GEAR_CMD], -1.0), count)
        return
    s[col.GEAR] = min(max(s[col.GEAR], 1.0), count)
    if p[col.AUTOBOX] < 0.5 or s[col.SHIFT_S] > 0.0:
        return
    share = engine_rpm / p[col.MAX_RPM]
    gear = int(s[col.GEAR])
    if share > gears[gear - 1, 2] and gear < count:
        s[col.GEAR] += 1.0
        s[col.SHIFT_S] = p[col.SWITCH_S]
    elif share < gears[gear - 1, 1] and gear > 1:
        s[col.GEAR] -= 1.0
        s[col.SHIFT_S] = p[col.SWITCH_S]


@numba.njit(cache=True, error_model="numpy")
def drive_force(s, c, p, gears, torque):  # type: ignore[no-untyped-def]
    """Return the engine's force at the road in newtons, signed with the driving direction.

    ``s``, ``c``, ``p`` and ``gears`` are as in ``shift``, ``torque`` (K, 2) is N m over rpm.
    """
    gear = int(s[col.GEAR])
    if gear == 0:
        s[col.RPM] = IDLE_RPM + c[col.THROTTLE] * (p[col.MAX_RPM] - IDLE_RPM)
        return 0.0
    direction = 1.0 if gear > 0 else -1.0
    ratio = gears[max(gear, 1) - 1, 0] * p[col.FINAL_RATIO]
    wheel_rpm = s[col.U] * direction / p[col.WHEEL_RADIUS_M] * ratio / RAD_PER_S_FROM_RPM
    s[col.RPM] = min(max(wheel_rpm, IDLE_RPM), p[col.MAX_RPM])
    if wheel_rpm >= p[col.MAX_RPM]:
        return -direction * p[col.ENGINE_DRAG] * ratio / p[col.WHEEL_RADIUS_M]
    if s[col.SHIFT_S] > 0.0:
        return 0.0
    slipping_rpm = max(s[col.RPM], IDLE_RPM + 1200.0 * c[col.THROTTLE])
    engine = c[col.THROTTLE] * curve(torque, slipping_rpm) * DRIVE_EFFICIENCY
    if wheel_rpm > IDLE_RPM:
        engine -= (1.0 - c[col.THROTTLE]) * p[col.ENGINE_DRAG] * wheel_rpm / p[col.MAX_RPM]
    return direction * engine * ratio / p[col.WHEEL_RADIUS_M]
