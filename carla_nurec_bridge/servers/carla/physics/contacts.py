"""Boxes that meet: overlap tests and a simple impulse response, compiled.

A box row is (x, y, yaw, half length, half width, bottom z, top z) in CARLA's axes. Vehicles that
overlap are pushed apart by their masses and exchange an impulse at the contact (restitution 0.1,
friction 0.3), so that cars stop, shove and spin instead of passing through one another.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from . import columns as col

RESTITUTION = 0.1
FRICTION = 0.3
BOX_X, BOX_Y, BOX_YAW, BOX_LENGTH, BOX_WIDTH, BOX_BOTTOM, BOX_TOP = range(7)
BOX_COLUMNS = 7
SLOP_M = 0.005


@numba.njit(cache=True, error_model="numpy")
def overlap(a, b):  # type: ignore[no-untyped-def]
    """Return (depth, normal x, normal y) of two boxes, the normal from a to b; depth 0: apart."""
    if a[BOX_TOP] < b[BOX_BOTTOM] or b[BOX_TOP] < a[BOX_BOTTOM]:
        return 0.0, 0.0, 0.0
    dx, dy = b[BOX_X] - a[BOX_X], b[BOX_Y] - a[BOX_Y]
    reach = math.hypot(a[BOX_LENGTH], a[BOX_WIDTH]) + math.hypot(b[BOX_LENGTH], b[BOX_WIDTH])
    if dx * dx + dy * dy > reach * reach:
        return 0.0, 0.0, 0.0
    best, normal_x, normal_y = 1e9, 0.0, 0.0
    turn = b[BOX_YAW] - a[BOX_YAW]
    cos_turn, sin_turn = abs(math.cos(turn)), abs(math.sin(turn))
    for k in range(4):
        yaw = a[BOX_YAW] if k < 2 else b[BOX_YAW]
        axis_x, axis_y = math.cos(yaw), math.sin(yaw)
        if k % 2:
            axis_x, axis_y = -axis_y, axis_x
        own, other = (a, b) if k < 2 else (b, a)
        along = own[BOX_WIDTH] if k % 2 else own[BOX_LENGTH]
        if k % 2:
            across = other[BOX_LENGTH] * sin_turn + other[BOX_WIDTH] * cos_turn
        else:
            across = other[BOX_LENGTH] * cos_turn + other[BOX_WIDTH] * sin_turn
        apart = dx * axis_x + dy * axis_y
        depth = along + across - abs(apart)
        if depth <= 0.0:
            return 0.0, 0.0, 0.0
        if depth < best:
            sign = 1.0 if apart >= 0.0 else -1.0
            best, normal_x, normal_y = depth, sign * axis_x, sign * axis_y
    return best, normal_x, normal_y


@numba.njit(cache=True, error_model="numpy")
def first_overlap(box, boxes):  # type: ignore[no-untyped-def]
    """Return the row of the first of ``boxes`` (N, 7) that overlaps ``box``, or -1."""
    for k in range(boxes.shape[0]):
        if overlap(box, boxes[k])[0] > 0.0:
            return k
    return -1


@numba.njit(cache=True, error_model="numpy")
def _inside_sum(a, b):  # type: ignore[no-untyped-def]
    """Return (count, sum x, sum y) of the corners of a that lie within b."""
    count, sum_x, sum_y = 0, 0.0, 0.0
    cos_a, sin_a = math.cos(a[BOX_YAW]), math.sin(a[BOX_YAW])
    cos_b, sin_b = math.cos(b[BOX_YAW]), math.sin(b[BOX_YAW])
    for k in range(4):
        u = a[BOX_LENGTH] * (1.0 if k & 1 else -1.0)
        v = a[BOX_WIDTH] * (1.0 if k & 2 else -1.0)
        x = a[BOX_X] + u * cos_a - v * sin_a
        y = a[BOX_Y] + u * sin_a + v * cos_a
        dx, dy = x - b[BOX_X], y - b[BOX_Y]
        if (
            abs(dx * cos_b + dy * sin_b) <= b[BOX_LENGTH] + 1e-6
            and abs(dy * cos_b - dx * sin_b) <= b[BOX_WIDTH] + 1e-6
        ):
            count, sum_x, sum_y = count + 1, sum_x + x, sum_y + y
    return count, sum_x, sum_y


@numba.njit(cache=True, error_model="numpy")
def _contact_point(a, b):  # type: ignore[no-untyped-def]
    count_a, x_a, y_a = _inside_sum(a, b)
    count_b, x_b, y_b = _inside_sum(b, a)
    count = count_a + count_b
    if count == 0:
        return 0.5 * (a[BOX_X] + b[BOX_X]), 0.5 * (a[BOX_Y] + b[BOX_Y])
    return (x_a + x_b) / count, (y_a + y_b) / count


@numba.njit(cache=True, error_model="numpy")
def _kick(s, inverse_mass, inverse_inertia, arm_x, arm_y, push_x, push_y):  # type: ignore[no-untyped-def]
    s[col.VEL_X] += push_x * inverse_mass
    s[col.VEL_Y] += push_y * inverse_mass
    s[col.YAW_RATE] += (arm_x * push_y - arm_y * push_x) * inverse_inertia
    cos, sin = math.cos(s[col.YAW]), math.sin(s[col.YAW])
    s[col.U] = s[col.VEL_X] * cos + s[col.VEL_Y] * sin
    s[col.V] = s[col.VEL_Y] * cos - s[col.VEL_X] * sin


@numba.njit(cache=True, error_model="numpy")
def fill_boxes(state, extents, boxes):  # type: ignore[no-untyped-def]
    """Write the boxes (N, 7) of vehicles whose origin is on the ground below their centre."""
    for n in range(state.shape[0]):
        boxes[n, BOX_X], boxes[n, BOX_Y] = state[n, col.X], state[n, col.Y]
        boxes[n, BOX_YAW] = state[n, col.YAW]
        boxes[n, BOX_LENGTH], boxes[n, BOX_WIDTH] = extents[n, 0], extents[n, 1]
        boxes[n, BOX_BOTTOM] = state[n, col.Z]
        boxes[n, BOX_TOP] = state[n, col.Z] + 2.0 * extents[n, 2]


@numba.njit(cache=True, error_model="numpy")
def resolve(state, parameters, control, boxes, fixed, fixed_mass, found):  # type: ignore[no-untyped-def]
    """Separate overlapping boxes and exchange impulses; return how many contacts there were.

    ``boxes`` (N, 7) are those of the vehicles in ``state``, ``control`` says which of them move
    and collide; ``fixed`` (M, 7) are walkers and props of ``fixed_mass`` (M,) kg, whose rows are
    moved too. Row k of ``found`` (K, 5) becomes (row, other row or -1 - fixed row, impulse x, y in
    N s, depth m).
    """
    count = 0
    vehicles = state.shape[0]
    for i in range(vehicles):
        if control[i, col.COLLIDES] < 0.5:
            continue
        for j in range(i + 1, vehicles + fixed.shape[0]):
            if j < vehicles and control[j, col.COLLIDES] < 0.5:
                continue
            other = boxes[j] if j < vehicles else fixed[j - vehicles]
            depth, nx, ny = overlap(boxes[i], other)
            if depth <= 0.0:
                continue
            moves = control[i, col.MODE] != col.FROZEN
            mass_a = 1.0 / parameters[i, col.MASS] if moves else 0.0
            inertia_a = 1.0 / parameters[i, col.INERTIA] if moves else 0.0
            mass_b, inertia_b = 0.0, 0.0
            vel_b_x, vel_b_y, rate_b = 0.0, 0.0, 0.0
            if j < vehicles:
                if control[j, col.MODE] != col.FROZEN:
                    mass_b = 1.0 / parameters[j, col.MASS]
                    inertia_b = 1.0 / parameters[j, col.INERTIA]
                vel_b_x, vel_b_y = state[j, col.VEL_X], state[j, col.VEL_Y]
                rate_b = state[j, col.YAW_RATE]
            else:
                mass_b = 1.0 / fixed_mass[j - vehicles]
            total = mass_a + mass_b
            push_x, push_y = 0.0, 0.0
            if total > 0.0:
                px, py = _contact_point(boxes[i], other)
                ax, ay = px - boxes[i, BOX_X], py - boxes[i, BOX_Y]
                bx, by = px - other[BOX_X], py - other[BOX_Y]
                rel_x = vel_b_x - rate_b * by - state[i, col.VEL_X] + state[i, col.YAW_RATE] * ay
                rel_y = vel_b_y + rate_b * bx - state[i, col.VEL_Y] - state[i, col.YAW_RATE] * ax
                closing = rel_x * nx + rel_y * ny
                if closing < 0.0:
                    cross_a, cross_b = ax * ny - ay * nx, bx * ny - by * nx
                    weight = total + cross_a**2 * inertia_a + cross_b**2 * inertia_b
                    impulse = -(1.0 + RESTITUTION) * closing / weight
                    slide = -rel_x * ny + rel_y * nx
                    rub = min(max(-slide / weight, -FRICTION * impulse), FRICTION * impulse)
                    push_x = impulse * nx - rub * ny
                    push_y = impulse * ny + rub * nx
                    _kick(state[i], mass_a, inertia_a, ax, ay, -push_x, -push_y)
                    if j < vehicles:
                        _kick(state[j], mass_b, inertia_b, bx, by, push_x, push_y)
                share = max(depth - SLOP_M, 0.0) / total
                state[i, col.X] -= nx * share * mass_a
                state[i, col.Y] -= ny * share * mass_a
                if j < vehicles:
                    state[j, col.X] += nx * share * mass_b
                    state[j, col.Y] += ny * share * mass_b
                else:
                    other[BOX_X] += nx * share * mass_b
                    other[BOX_Y] += ny * share * mass_b
            if count < found.shape[0]:
                found[count, 0] = i
                found[count, 1] = j if j < vehicles else -1 - (j - vehicles)
                found[count, 2], found[count, 3] = push_x, push_y
                found[count, 4] = depth
                count += 1
    return count


@numba.njit(cache=True, error_model="numpy")
def hit_obstacles(state, parameters, control, boxes, level, cells, found):  # type: ignore[no-untyped-def]
    """Stop vehicles at the level's obstacles; return how many contacts there were.

    ``level`` is (boxes (M, 7), solid (M,)), ``cells`` (origin x, origin y, cell size, columns,
    starts, members) as in ``town.obstacles``. Row k of ``found`` (K, 5) becomes (row, obstacle,
    impulse on the obstacle x, y in N s, depth m).
    """
    obstacles, solid = level
    origin_x, origin_y, cell, columns, starts, members = cells
    lines = (starts.shape[0] - 1) // columns
    count = 0
    for i in range(state.shape[0]):
        if control[i, col.COLLIDES] < 0.5 or control[i, col.MODE] == col.FROZEN:
            continue
        reach = math.hypot(boxes[i, BOX_LENGTH], boxes[i, BOX_WIDTH])
        first = count
        line_low = max(math.floor((state[i, col.Y] - reach - origin_y) / cell), 0)
        line_high = min(math.floor((state[i, col.Y] + reach - origin_y) / cell), lines - 1)
        column_low = max(math.floor((state[i, col.X] - reach - origin_x) / cell), 0)
        column_high = min(math.floor((state[i, col.X] + reach - origin_x) / cell), columns - 1)
        for line in range(line_low, line_high + 1):
            for column in range(column_low, column_high + 1):
                place = line * columns + column
                for k in members[starts[place] : starts[place + 1]]:
                    if not solid[k]:
                        continue
                    boxes[i, BOX_X], boxes[i, BOX_Y] = state[i, col.X], state[i, col.Y]
                    depth, nx, ny = overlap(boxes[i], obstacles[k])
                    seen = False
                    for earlier in range(first, count):
                        seen = seen or found[earlier, 1] == k
                    if depth <= 0.0 or seen or count == found.shape[0]:
                        continue
                    push_x, push_y = _bounce(
                        state[i], parameters[i], boxes[i], obstacles[k], nx, ny
                    )
                    state[i, col.X] -= nx * max(depth - SLOP_M, 0.0)
                    state[i, col.Y] -= ny * max(depth - SLOP_M, 0.0)
                    found[count, 0], found[count, 1] = i, k
                    found[count, 2], found[count, 3], found[count, 4] = push_x, push_y, depth
                    count += 1
    return count


@numba.njit(cache=True, error_model="numpy")
def _bounce(s, p, box, obstacle, nx, ny):  # type: ignore[no-untyped-def]
    """Take the closing speed from a vehicle at an immovable box; return the impulse on the box."""
    px, py = _contact_point(box, obstacle)
    ax, ay = px - box[BOX_X], py - box[BOX_Y]
    rel_x = -s[col.VEL_X] + s[col.YAW_RATE] * ay
    rel_y = -s[col.VEL_Y] - s[col.YAW_RATE] * ax
    closing = rel_x * nx + rel_y * ny
    if closing >= 0.0:
        return 0.0, 0.0
    mass, inertia = 1.0 / p[col.MASS], 1.0 / p[col.INERTIA]
    weight = mass + (ax * ny - ay * nx) ** 2 * inertia
    impulse = -(1.0 + RESTITUTION) * closing / weight
    slide = -rel_x * ny + rel_y * nx
    rub = min(max(-slide / weight, -FRICTION * impulse), FRICTION * impulse)
    push_x, push_y = impulse * nx - rub * ny, impulse * ny + rub * nx
    _kick(s, mass, inertia, ax, ay, -push_x, -push_y)
    return push_x, push_y


def box_row(
    x: float, y: float, z: float, yaw_rad: float, extent: tuple[float, float, float]
) -> np.ndarray:
    """Return one box row; ``z`` is the bottom, ``extent`` half of length, width and height."""
    return np.array([x, y, yaw_rad, extent[0], extent[1], z, z + 2.0 * extent[2]])
