"""The motion of wheeled vehicles: a dynamic bicycle model, compiled, all vehicles in one call.

Frame and units: CARLA's axes (x forward, y right, z up), metres, radians, seconds; speeds in the
body's frame. Below ``BLEND_LOW`` the model is kinematic (no slip), above ``BLEND_HIGH`` dynamic,
between them a mix: slip angles are ill-defined near standstill (Kong et al., "Kinematic and
dynamic vehicle models for autonomous driving control design", IV 2015, discuss both models).
"""

from __future__ import annotations

import math

import numba

from ....town.ground import height_at
from . import columns as col
from .drive_train import RAD_PER_S_FROM_RPM, curve, drive_force, shift

GRAVITY = 9.81
AIR_DENSITY = 1.2
ROLLING = 0.012
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


@numba.njit(cache=True, error_model="numpy")
def _substep(s, c, p, gears, torque, steering, slope_x, slope_y, h):  # type: ignore[no-untyped-def]
    """Advance one vehicle on the ground by ``h`` seconds."""
    mass, front, rear = p[col.MASS], p[col.FRONT_M], p[col.REAR_M]
    base = front + rear
    u, v, r = s[col.U], s[col.V], s[col.YAW_RATE]
    speed = abs(u)

    target = c[col.STEER_CMD] * curve(steering, speed * 3.6)
    rate = (
        STEER_FALL if target * s[col.STEER] < 0.0 or abs(target) < abs(s[col.STEER]) else STEER_RISE
    )
    s[col.STEER] += min(max(target - s[col.STEER], -rate * h), rate * h)
    delta = s[col.STEER] * p[col.MAX_STEER]

    wheel_rpm = speed / p[col.WHEEL_RADIUS_M] / RAD_PER_S_FROM_RPM
    ratio = gears[max(int(s[col.GEAR]), 1) - 1, 0] * p[col.FINAL_RATIO]
    shift(s, c, p, gears, wheel_rpm * ratio, h)
    drive = drive_force(s, c, p, gears, torque)
    grip = p[col.FRICTION] * mass * GRAVITY
    along_grip = min(grip, p[col.HOLD])
    drive = min(max(drive, -along_grip), along_grip)

    # Air slows a body down, and within one step never more than to a stand.
    air = min(0.5 * AIR_DENSITY * p[col.DRAG_AREA] * speed, mass / h) * u
    pull = slope_x * mass * GRAVITY - air + s[col.FORCE_X]
    s[col.PRESSURE] += min(max(c[col.BRAKE] - s[col.PRESSURE], -BRAKE_FALL * h), BRAKE_RISE * h)
    firm = min(s[col.PRESSURE], FIRM_PEDAL) * FIRM_FORCE / FIRM_PEDAL
    beyond = max(s[col.PRESSURE] - FIRM_PEDAL, 0.0) * (1.0 - FIRM_FORCE) / (1.0 - FIRM_PEDAL)
    braking = (firm + beyond) * p[col.BRAKE_FORCE] + ROLLING * mass * GRAVITY
    rear_load = mass * GRAVITY * front / base
    if c[col.HAND_BRAKE] > 0.5:
        braking += min(p[col.HAND_BRAKE_FORCE], p[col.FRICTION] * rear_load)
    against = max(-drive, 0.0) if u > 0.0 else max(drive, 0.0)
    braking = min(braking, along_grip - against)

    du = (drive + pull) / mass * h
    free = u + du
    stop = braking / mass * h
    new_u = 0.0 if abs(free) <= stop else free - math.copysign(stop, free)
    along = (new_u - u) / h

    lift = mass * along * p[col.COG_HEIGHT_M] / base
    load_front = max(mass * GRAVITY * rear / base - lift, 0.05 * mass * GRAVITY)
    load_rear = max(mass * GRAVITY * front / base + lift, 0.05 * mass * GRAVITY)
    # On ice (grip 0) no wheel pushes, brakes or leads: the vehicle slides on as it is.
    used = min(abs(mass * along) / grip, 0.95) if grip > 0.0 else 0.0
    side = p[col.FRICTION] * math.sqrt(1.0 - used * used)

    kin_r = new_u * math.tan(delta) / base
    limit = side * GRAVITY / max(abs(new_u), 0.1)
    kin_r = min(max(kin_r, -limit), limit)
    kin_v = kin_r * rear
    share = min(max((speed - BLEND_LOW) / (BLEND_HIGH - BLEND_LOW), 0.0), 1.0)
    if share > 0.0:
        sign = 1.0 if u >= 0.0 else -1.0
        slip_front = math.atan2(v + front * r, speed) - sign * delta
        slip_rear = math.atan2(v - rear * r, speed)
        rear_grip = side * (0.35 if c[col.HAND_BRAKE] > 0.5 else 1.0)
        stiff_front = p[col.STIFFNESS] / max(side, 0.05)
        stiff_rear = p[col.STIFFNESS] / max(rear_grip, 0.05)
        force_front = -side * load_front * math.tanh(stiff_front * slip_front)
        force_rear = -rear_grip * load_rear * math.tanh(stiff_rear * slip_rear)
        turn = math.cos(delta)
        dyn_v = v + h * (
            (force_front * turn + force_rear + s[col.FORCE_Y]) / mass + slope_y * GRAVITY - u * r
        )
        dyn_r = (
            r
            + h
            * (front * force_front * turn - rear * force_rear + s[col.TORQUE_Z])
            / p[col.INERTIA]
        )
        new_v = share * dyn_v + (1.0 - share) * kin_v
        new_r = share * dyn_r + (1.0 - share) * kin_r
        new_u += share * h * (v * r - force_front * math.sin(delta) / mass)
    else:
        # Sideways sliding left over from a crash dies out with the tyres' friction.
        rest = v - kin_v
        fade = side * GRAVITY * h
        new_v = kin_v + (0.0 if abs(rest) <= fade else rest - math.copysign(fade, rest))
        spin = r - kin_r
        fade_r = side * mass * GRAVITY * 0.5 * base / p[col.INERTIA] * h
        new_r = kin_r + (0.0 if abs(spin) <= fade_r else spin - math.copysign(fade_r, spin))
    s[col.U], s[col.V], s[col.YAW_RATE] = new_u, new_v, new_r


@numba.njit(cache=True, error_model="numpy")
def _ground_pose(s, p, heights, below, lower, ox, oy, cell):  # type: ignore[no-untyped-def]
    """Return height, pitch and roll of the ground below a vehicle (pitch up, roll right down)."""
    cos, sin = math.cos(s[col.YAW]), math.sin(s[col.YAW])
    f, b, t = p[col.FRONT_M], p[col.REAR_M], p[col.HALF_TRACK_M]
    # Wheels ask for the ground near their own height: a bridge may lie above or below.
    nose, tail = s[col.Z] + f * math.sin(s[col.PITCH]), s[col.Z] - b * math.sin(s[col.PITCH])
    front_left = height_at(
        heights,
        below,
        lower,
        ox,
        oy,
        cell,
        s[col.X] + f * cos + t * sin,
        s[col.Y] + f * sin - t * cos,
        nose,
    )
    front_right = height_at(
        heights,
        below,
        lower,
        ox,
        oy,
        cell,
        s[col.X] + f * cos - t * sin,
        s[col.Y] + f * sin + t * cos,
        nose,
    )
    rear_left = height_at(
        heights,
        below,
        lower,
        ox,
        oy,
        cell,
        s[col.X] - b * cos + t * sin,
        s[col.Y] - b * sin - t * cos,
        tail,
    )
    rear_right = height_at(
        heights,
        below,
        lower,
        ox,
        oy,
        cell,
        s[col.X] - b * cos - t * sin,
        s[col.Y] - b * sin + t * cos,
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
    ``ground_grid`` is ``town.ground.Grid``.
    """
    heights, below, lower, ox, oy, cell = ground_grid
    steps = max(math.ceil(dt / substep - 1e-9), 1)
    h = dt / steps
    for n in range(state.shape[0]):
        s, c, p = state[n], control[n], parameters[n]
        if c[col.MODE] == col.FROZEN:
            for k in (col.ACC_X, col.ACC_Y, col.ACC_Z):
                s[k] = 0.0
            s[col.FORCE_X] = s[col.FORCE_Y] = s[col.FORCE_Z] = s[col.TORQUE_Z] = 0.0
            continue
        old_x, old_y, old_z = s[col.VEL_X], s[col.VEL_Y], s[col.VEL_Z]
        z0, pitch0, roll0 = s[col.Z], s[col.PITCH], s[col.ROLL]
        ground, pitch, roll = _ground_pose(s, p, heights, below, lower, ox, oy, cell)
        for _ in range(steps):
            grounded = s[col.Z] <= ground + 0.03
            if c[col.MODE] == col.CONSTANT_VELOCITY:
                s[col.U], s[col.V], s[col.YAW_RATE] = c[col.CONST_U], c[col.CONST_V], 0.0
                s[col.W] = c[col.CONST_W]
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
                s[col.U] += s[col.FORCE_X] / p[col.MASS] * h
                s[col.V] += s[col.FORCE_Y] / p[col.MASS] * h
                s[col.YAW_RATE] += s[col.TORQUE_Z] / p[col.INERTIA] * h
            s[col.ROLLED] += s[col.U] / p[col.WHEEL_RADIUS_M] * h
            heading = s[col.YAW] + 0.5 * h * s[col.YAW_RATE]
            cos, sin = math.cos(heading), math.sin(heading)
            s[col.X] += h * (s[col.U] * cos - s[col.V] * sin) * math.cos(pitch)
            s[col.Y] += h * (s[col.U] * sin + s[col.V] * cos) * math.cos(pitch)
            s[col.YAW] += h * s[col.YAW_RATE]
            ground, pitch, roll = _ground_pose(s, p, heights, below, lower, ox, oy, cell)
            weight = GRAVITY if c[col.GRAVITY_ON] > 0.5 else 0.0
            lift = s[col.FORCE_Z] / p[col.MASS] - weight
            if c[col.MODE] == col.CONSTANT_VELOCITY and c[col.CONST_W] != 0.0:
                s[col.Z] = max(s[col.Z] + c[col.CONST_W] * h, ground)
            elif s[col.Z] > ground + 0.03 or lift > 0.0 or s[col.W] > 0.0:
                s[col.W] += lift * h
                s[col.Z] += s[col.W] * h
                if s[col.Z] <= ground:
                    s[col.Z], s[col.W] = ground, 0.0
            elif weight > 0.0 or s[col.Z] < ground:
                s[col.Z] = ground
                s[col.W] = 0.0
            if s[col.Z] <= ground + 0.03:
                s[col.PITCH], s[col.ROLL] = pitch + RAKE, 0.0 if p[col.TWO_WHEELS] > 0.5 else roll
        s[col.YAW] -= 2.0 * math.pi * math.floor(s[col.YAW] / (2.0 * math.pi) + 0.5)
        cos, sin = math.cos(s[col.YAW]), math.sin(s[col.YAW])
        s[col.VEL_X] = (s[col.U] * cos - s[col.V] * sin) * math.cos(s[col.PITCH])
        s[col.VEL_Y] = (s[col.U] * sin + s[col.V] * cos) * math.cos(s[col.PITCH])
        s[col.VEL_Z] = (s[col.Z] - z0) / dt
        pitch_rate, roll_rate = (s[col.PITCH] - pitch0) / dt, (s[col.ROLL] - roll0) / dt
        s[col.ANG_X] = -roll_rate * cos + pitch_rate * sin
        s[col.ANG_Y] = -roll_rate * sin - pitch_rate * cos
        s[col.ANG_Z] = s[col.YAW_RATE]
        s[col.ACC_X] = (s[col.VEL_X] - old_x) / dt
        s[col.ACC_Y] = (s[col.VEL_Y] - old_y) / dt
        s[col.ACC_Z] = (s[col.VEL_Z] - old_z) / dt
        s[col.FORCE_X] = s[col.FORCE_Y] = s[col.FORCE_Z] = s[col.TORQUE_Z] = 0.0


@numba.njit(cache=True, error_model="numpy")
def all_within(table, most):  # type: ignore[no-untyped-def]
    """Say whether all numbers of a table are within +-``most``; what is no number is not."""
    for i in range(table.shape[0]):
        for j in range(table.shape[1]):
            if not abs(table[i, j]) <= most:
                return False
    return True
