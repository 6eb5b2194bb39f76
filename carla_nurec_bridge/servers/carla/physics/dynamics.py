"""The motion of wheeled vehicles: a dynamic bicycle model, compiled, all vehicles in one call.

Frame and units: CARLA's axes (x forward, y right, z up), metres, radians, seconds; speeds in the
body's frame. Below ``BLEND_LOW`` the model is kinematic (no slip), above ``BLEND_HIGH`` dynamic,
between them a mix: slip angles are ill-defined near standstill (Kong et al., "Kinematic and
dynamic vehicle models for autonomous driving control design", IV 2015, discuss both models).
"""

from __future__ import annotations

import math

import numba
import numpy as np

from ....town.ground import height_at

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
GRAVITY = 9.81
AIR_DENSITY = 1.2
ROLLING = 0.012
IDLE_RPM = 800.0
DRIVE_EFFICIENCY = 0.9
FIRM_PEDAL = 0.7
FIRM_FORCE = 0.455
"""The Traffic Manager presses the pedal so far whenever it is a little too fast, and what share of
the full force that gives: beyond, the force grows quickly."""
BRAKE_RISE = 6.0
BRAKE_FALL = 10.0
"""How fast the brakes take hold and let go, per second."""
STEER_RISE = 4.0
STEER_FALL = 5.0
RAKE = 6e-4
"""How far in radians a vehicle sits back on its springs. CARLA's never stand exactly level either,
and its agents count on that: they overlook a light that lies at an angle of exactly 0."""
BLEND_LOW = 2.0
BLEND_HIGH = 4.0
RAD_PER_S_FROM_RPM = math.pi / 30.0


@numba.njit(cache=True, inline="always", error_model="numpy")
def _curve(points, x):  # type: ignore[no-untyped-def]
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
def _shift(s, c, p, gears, torque_rpm, h):  # type: ignore[no-untyped-def]
    """Choose the gear; while shifting (``SHIFT_S`` > 0) the clutch is open."""
    s[SHIFT_S] = max(s[SHIFT_S] - h, 0.0)
    if c[REVERSE] > 0.5:
        s[GEAR] = -1.0
        return
    count = p[GEARS]
    if c[MANUAL] > 0.5:
        s[GEAR] = min(max(c[GEAR_CMD], -1.0), count)
        return
    s[GEAR] = min(max(s[GEAR], 1.0), count)
    if p[AUTOBOX] < 0.5 or s[SHIFT_S] > 0.0:
        return
    share = torque_rpm / p[MAX_RPM]
    gear = int(s[GEAR])
    if share > gears[gear - 1, 2] and gear < count:
        s[GEAR] += 1.0
        s[SHIFT_S] = p[SWITCH_S]
    elif share < gears[gear - 1, 1] and gear > 1:
        s[GEAR] -= 1.0
        s[SHIFT_S] = p[SWITCH_S]


@numba.njit(cache=True, error_model="numpy")
def _drive_force(s, c, p, gears, torque):  # type: ignore[no-untyped-def]
    """Return the engine's force at the road in newtons, signed with the driving direction."""
    gear = int(s[GEAR])
    if gear == 0:
        s[RPM] = IDLE_RPM + c[THROTTLE] * (p[MAX_RPM] - IDLE_RPM)
        return 0.0
    direction = 1.0 if gear > 0 else -1.0
    ratio = gears[max(gear, 1) - 1, 0] * p[FINAL_RATIO]
    wheel_rpm = s[U] * direction / p[WHEEL_RADIUS_M] * ratio / RAD_PER_S_FROM_RPM
    s[RPM] = min(max(wheel_rpm, IDLE_RPM), p[MAX_RPM])
    if wheel_rpm >= p[MAX_RPM]:
        return -direction * p[ENGINE_DRAG] * ratio / p[WHEEL_RADIUS_M]
    if s[SHIFT_S] > 0.0:
        return 0.0
    slipping_rpm = max(s[RPM], IDLE_RPM + 1200.0 * c[THROTTLE])
    engine = c[THROTTLE] * _curve(torque, slipping_rpm) * DRIVE_EFFICIENCY
    if wheel_rpm > IDLE_RPM:
        engine -= (1.0 - c[THROTTLE]) * p[ENGINE_DRAG] * wheel_rpm / p[MAX_RPM]
    return direction * engine * ratio / p[WHEEL_RADIUS_M]


@numba.njit(cache=True, error_model="numpy")
def _substep(s, c, p, gears, torque, steering, slope_x, slope_y, h):  # type: ignore[no-untyped-def]
    """Advance one vehicle on the ground by ``h`` seconds."""
    mass, front, rear = p[MASS], p[FRONT_M], p[REAR_M]
    base = front + rear
    u, v, r = s[U], s[V], s[YAW_RATE]
    speed = abs(u)

    target = c[STEER_CMD] * _curve(steering, speed * 3.6)
    rate = STEER_FALL if target * s[STEER] < 0.0 or abs(target) < abs(s[STEER]) else STEER_RISE
    s[STEER] += min(max(target - s[STEER], -rate * h), rate * h)
    delta = s[STEER] * p[MAX_STEER]

    wheel_rpm = speed / p[WHEEL_RADIUS_M] / RAD_PER_S_FROM_RPM
    ratio = gears[max(int(s[GEAR]), 1) - 1, 0] * p[FINAL_RATIO]
    _shift(s, c, p, gears, wheel_rpm * ratio, h)
    drive = _drive_force(s, c, p, gears, torque)
    grip = p[FRICTION] * mass * GRAVITY
    along_grip = min(grip, p[HOLD])
    drive = min(max(drive, -along_grip), along_grip)

    # Air slows a body down, and within one step never more than to a stand.
    air = min(0.5 * AIR_DENSITY * p[DRAG_AREA] * speed, mass / h) * u
    pull = slope_x * mass * GRAVITY - air + s[FORCE_X]
    s[PRESSURE] += min(max(c[BRAKE] - s[PRESSURE], -BRAKE_FALL * h), BRAKE_RISE * h)
    firm = min(s[PRESSURE], FIRM_PEDAL) * FIRM_FORCE / FIRM_PEDAL
    beyond = max(s[PRESSURE] - FIRM_PEDAL, 0.0) * (1.0 - FIRM_FORCE) / (1.0 - FIRM_PEDAL)
    braking = (firm + beyond) * p[BRAKE_FORCE] + ROLLING * mass * GRAVITY
    rear_load = mass * GRAVITY * front / base
    if c[HAND_BRAKE] > 0.5:
        braking += min(p[HAND_BRAKE_FORCE], p[FRICTION] * rear_load)
    against = max(-drive, 0.0) if u > 0.0 else max(drive, 0.0)
    braking = min(braking, along_grip - against)

    du = (drive + pull) / mass * h
    free = u + du
    stop = braking / mass * h
    new_u = 0.0 if abs(free) <= stop else free - math.copysign(stop, free)
    along = (new_u - u) / h

    lift = mass * along * p[COG_HEIGHT_M] / base
    load_front = max(mass * GRAVITY * rear / base - lift, 0.05 * mass * GRAVITY)
    load_rear = max(mass * GRAVITY * front / base + lift, 0.05 * mass * GRAVITY)
    # On ice (grip 0) no wheel pushes, brakes or leads: the vehicle slides on as it is.
    used = min(abs(mass * along) / grip, 0.95) if grip > 0.0 else 0.0
    side = p[FRICTION] * math.sqrt(1.0 - used * used)

    kin_r = new_u * math.tan(delta) / base
    limit = side * GRAVITY / max(abs(new_u), 0.1)
    kin_r = min(max(kin_r, -limit), limit)
    kin_v = kin_r * rear
    share = min(max((speed - BLEND_LOW) / (BLEND_HIGH - BLEND_LOW), 0.0), 1.0)
    if share > 0.0:
        sign = 1.0 if u >= 0.0 else -1.0
        slip_front = math.atan2(v + front * r, speed) - sign * delta
        slip_rear = math.atan2(v - rear * r, speed)
        rear_grip = side * (0.35 if c[HAND_BRAKE] > 0.5 else 1.0)
        stiff_front = p[STIFFNESS] / max(side, 0.05)
        stiff_rear = p[STIFFNESS] / max(rear_grip, 0.05)
        force_front = -side * load_front * math.tanh(stiff_front * slip_front)
        force_rear = -rear_grip * load_rear * math.tanh(stiff_rear * slip_rear)
        turn = math.cos(delta)
        dyn_v = v + h * (
            (force_front * turn + force_rear + s[FORCE_Y]) / mass + slope_y * GRAVITY - u * r
        )
        dyn_r = r + h * (front * force_front * turn - rear * force_rear + s[TORQUE_Z]) / p[INERTIA]
        new_v = share * dyn_v + (1.0 - share) * kin_v
        new_r = share * dyn_r + (1.0 - share) * kin_r
        new_u += share * h * (v * r - force_front * math.sin(delta) / mass)
    else:
        # Sideways sliding left over from a crash dies out with the tyres' friction.
        rest = v - kin_v
        fade = side * GRAVITY * h
        new_v = kin_v + (0.0 if abs(rest) <= fade else rest - math.copysign(fade, rest))
        spin = r - kin_r
        fade_r = side * mass * GRAVITY * 0.5 * base / p[INERTIA] * h
        new_r = kin_r + (0.0 if abs(spin) <= fade_r else spin - math.copysign(fade_r, spin))
    s[U], s[V], s[YAW_RATE] = new_u, new_v, new_r


@numba.njit(cache=True, error_model="numpy")
def _ground_pose(s, p, heights, below, lower, ox, oy, cell):  # type: ignore[no-untyped-def]
    """Return height, pitch and roll of the ground below a vehicle (pitch up, roll right down)."""
    cos, sin = math.cos(s[YAW]), math.sin(s[YAW])
    f, b, t = p[FRONT_M], p[REAR_M], p[HALF_TRACK_M]
    # Wheels ask for the ground near their own height: a bridge may lie above or below.
    nose, tail = s[Z] + f * math.sin(s[PITCH]), s[Z] - b * math.sin(s[PITCH])
    front_left = height_at(
        heights,
        below,
        lower,
        ox,
        oy,
        cell,
        s[X] + f * cos + t * sin,
        s[Y] + f * sin - t * cos,
        nose,
    )
    front_right = height_at(
        heights,
        below,
        lower,
        ox,
        oy,
        cell,
        s[X] + f * cos - t * sin,
        s[Y] + f * sin + t * cos,
        nose,
    )
    rear_left = height_at(
        heights,
        below,
        lower,
        ox,
        oy,
        cell,
        s[X] - b * cos + t * sin,
        s[Y] - b * sin - t * cos,
        tail,
    )
    rear_right = height_at(
        heights,
        below,
        lower,
        ox,
        oy,
        cell,
        s[X] - b * cos - t * sin,
        s[Y] - b * sin + t * cos,
        tail,
    )
    front = 0.5 * (front_left + front_right)
    rear = 0.5 * (rear_left + rear_right)
    pitch = math.atan2(front - rear, f + b)
    roll = math.atan2(0.5 * (front_left + rear_left - front_right - rear_right), 2.0 * t)
    return (b * front + f * rear) / (f + b), pitch, roll


@numba.njit(cache=True, error_model="numpy")
def advance(state, control, parameters, gears, torque, steering, ground_grid, dt, substep):  # type: ignore[no-untyped-def]
    """Advance every vehicle (row) by ``dt`` seconds in steps of at most ``substep``.

    ``state`` (N, STATE_COLUMNS) is changed in place; ``control`` and ``parameters`` are (N, ...),
    ``gears`` (N, K, 3), ``torque`` and ``steering`` (N, K, 2) curves over rpm and km/h;
    ``ground_grid`` is ``world.ground.Grid``.
    """
    heights, below, lower, ox, oy, cell = ground_grid
    steps = max(math.ceil(dt / substep - 1e-9), 1)
    h = dt / steps
    for n in range(state.shape[0]):
        s, c, p = state[n], control[n], parameters[n]
        if c[MODE] == FROZEN:
            for k in (ACC_X, ACC_Y, ACC_Z):
                s[k] = 0.0
            s[FORCE_X] = s[FORCE_Y] = s[FORCE_Z] = s[TORQUE_Z] = 0.0
            continue
        old_x, old_y, old_z = s[VEL_X], s[VEL_Y], s[VEL_Z]
        z0, pitch0, roll0 = s[Z], s[PITCH], s[ROLL]
        ground, pitch, roll = _ground_pose(s, p, heights, below, lower, ox, oy, cell)
        for _ in range(steps):
            grounded = s[Z] <= ground + 0.03
            if c[MODE] == CONSTANT_VELOCITY:
                s[U], s[V], s[YAW_RATE] = c[CONST_U], c[CONST_V], 0.0
                s[W] = c[CONST_W]
            elif grounded:
                _substep(
                    s,
                    c,
                    p,
                    gears[n],
                    torque[n],
                    steering[n],
                    -math.sin(pitch),
                    math.sin(roll),
                    h,
                )
            else:
                s[U] += s[FORCE_X] / p[MASS] * h
                s[V] += s[FORCE_Y] / p[MASS] * h
                s[YAW_RATE] += s[TORQUE_Z] / p[INERTIA] * h
            s[ROLLED] += s[U] / p[WHEEL_RADIUS_M] * h
            heading = s[YAW] + 0.5 * h * s[YAW_RATE]
            cos, sin = math.cos(heading), math.sin(heading)
            s[X] += h * (s[U] * cos - s[V] * sin) * math.cos(pitch)
            s[Y] += h * (s[U] * sin + s[V] * cos) * math.cos(pitch)
            s[YAW] += h * s[YAW_RATE]
            ground, pitch, roll = _ground_pose(s, p, heights, below, lower, ox, oy, cell)
            weight = GRAVITY if c[GRAVITY_ON] > 0.5 else 0.0
            lift = s[FORCE_Z] / p[MASS] - weight
            if c[MODE] == CONSTANT_VELOCITY and c[CONST_W] != 0.0:
                s[Z] = max(s[Z] + c[CONST_W] * h, ground)
            elif s[Z] > ground + 0.03 or lift > 0.0 or s[W] > 0.0:
                s[W] += lift * h
                s[Z] += s[W] * h
                if s[Z] <= ground:
                    s[Z], s[W] = ground, 0.0
            elif weight > 0.0 or s[Z] < ground:
                s[Z] = ground
                s[W] = 0.0
            if s[Z] <= ground + 0.03:
                s[PITCH], s[ROLL] = pitch + RAKE, 0.0 if p[TWO_WHEELS] > 0.5 else roll
        s[YAW] -= 2.0 * math.pi * math.floor(s[YAW] / (2.0 * math.pi) + 0.5)
        cos, sin = math.cos(s[YAW]), math.sin(s[YAW])
        s[VEL_X] = (s[U] * cos - s[V] * sin) * math.cos(s[PITCH])
        s[VEL_Y] = (s[U] * sin + s[V] * cos) * math.cos(s[PITCH])
        s[VEL_Z] = (s[Z] - z0) / dt
        pitch_rate, roll_rate = (s[PITCH] - pitch0) / dt, (s[ROLL] - roll0) / dt
        s[ANG_X] = -roll_rate * cos + pitch_rate * sin
        s[ANG_Y] = -roll_rate * sin - pitch_rate * cos
        s[ANG_Z] = s[YAW_RATE]
        s[ACC_X] = (s[VEL_X] - old_x) / dt
        s[ACC_Y] = (s[VEL_Y] - old_y) / dt
        s[ACC_Z] = (s[VEL_Z] - old_z) / dt
        s[FORCE_X] = s[FORCE_Y] = s[FORCE_Z] = s[TORQUE_Z] = 0.0


@numba.njit(cache=True, error_model="numpy")
def all_within(table, most):  # type: ignore[no-untyped-def]
    """Say whether all numbers of a table are within +-``most``; what is no number is not."""
    for i in range(table.shape[0]):
        for j in range(table.shape[1]):
            if not abs(table[i, j]) <= most:
                return False
    return True


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
