"""Where the sensor and the bodies are at each line of an image, as tables for the kernels."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...core.errors import InputError
from ...core.frames import Matrix
from ...rendering.engines.jit import inlined, kernel
from ...rendering.engines.threads import part_count, share

Floats = NDArray[np.float32]

_ANGLE, _WAY, _TRACK = 15, slice(16, 19), 19
"""Columns of a track, see ``_track``."""


@dataclass(frozen=True, eq=False)
class BodyMotion:
    """Poses (4, 4) of a body in the scene's frame where the sensor's motion starts and ends."""

    scene_from_body_start: Matrix
    scene_from_body_end: Matrix


class Motion(NamedTuple):
    """Poses of L lines and B bodies, the scene itself being body 0.

    Positions of body 0 are relative to ``centre``, so that float32 serves far from the origin;
    line L is the middle of the motion.

    * centre: float64 (3,), the sensor in the scene's frame in the middle of the motion.
    * sensor_from_body: float64 (L + 1, B + 1, 3, 4).
    * origins: float32 (L + 1, B + 1, 3), the sensor in each body's frame.
    * turns: float32 (L, B + 1, 3, 3), body_from_scene rotations.
    * ray_turns: float32 (L, 3, 3), scene_from_sensor rotations.
    * shown: (B + 1,), whether a body is drawn.
    * still: whether neither sensor nor bodies move.
    * reach_m, turn_rad: how far the sensor and the bodies move, and how much the sensor turns.
    """

    centre: NDArray[np.float64]
    sensor_from_body: NDArray[np.float64]
    origins: Floats
    turns: Floats
    ray_turns: Floats
    shown: NDArray[np.bool_]
    still: bool
    reach_m: float
    turn_rad: float


class Sight(NamedTuple):
    """How far off its axis a view sees, and how far bodies' Gaussians reach from their origins.

    ``reach_m`` (bodies + 1,), the scene itself being body 0.
    """

    seen_rad: float
    reach_m: Floats


def motion_of(
    scene_from_sensor_start: Matrix,
    scene_from_sensor_end: Matrix,
    fractions: NDArray[np.float64],
    bodies: Sequence[BodyMotion | None] = (),
    sight: Sight | None = None,
) -> Motion:
    """Return the tables of lines exposed at ``fractions`` (L,) of the motion.

    ``bodies`` are in the order of the particles' bodies, from 1; None for one that is not drawn.
    With ``sight`` nothing is worked out for those beside it, which no picture shows.
    """
    times = np.append(fractions, 0.5)
    centre = 0.5 * (scene_from_sensor_start[:3, 3] + scene_from_sensor_end[:3, 3])
    lines, count = len(fractions), len(bodies) + 1
    starts, ends = np.empty((2, count + 1, 4, 4))
    starts[0], ends[0] = scene_from_sensor_start, scene_from_sensor_end
    starts[1] = ends[1] = np.eye(4)  # the scene, which stands still
    shown = np.ones(count, np.bool_)
    for number, body in enumerate(bodies, 1):
        shown[number] = body is not None
        if body is not None:
            starts[number + 1] = body.scene_from_body_start
            ends[number + 1] = body.scene_from_body_end
    rows = np.zeros((count + 1, _TRACK))
    _track(starts, ends, shown, centre, rows, np.empty((3, 3)), np.empty(4))
    farthest = float(np.abs(times - 0.5).max())
    ways = np.linalg.norm(rows[:, _WAY], axis=1)
    angles = rows[:, _ANGLE]
    moved_m = float(ways[0] + ways[1:].max()) * farthest
    turn_rad = float(min(angles[0] * farthest, np.pi))
    if sight is not None:
        middle, unused = np.empty((1, count, 3, 4)), np.empty((1, count, 3), np.float32)
        none = np.empty((0, count, 3, 3), np.float32), np.empty((0, 3, 3), np.float32)
        _fill(0, 1, times[-1:], rows, shown, middle, unused, *none, np.empty((2, 3, 3)))
        shown &= ~out_of_sight(middle[0, :, :, 3], sight, moved_m, turn_rad)
    sensor_from_body = np.empty((lines + 1, count, 3, 4))
    origins = np.empty((lines + 1, count, 3), np.float32)
    turns = np.empty((lines, count, 3, 3), np.float32)
    ray_turns = np.empty((lines, 3, 3), np.float32)
    parts = part_count(max(1, lines * count // 2048))
    given = (times, rows, shown, sensor_from_body, origins, turns, ray_turns)
    share(lambda part: _fill(part, parts, *given, np.empty((2, 3, 3))), parts)
    return Motion(
        centre,
        sensor_from_body,
        origins,
        turns,
        ray_turns,
        shown,
        not (ways.any() or angles.any()),
        moved_m,
        turn_rad,
    )


def out_of_sight(
    middle: Matrix, sight: Sight, moved_m: float, turn_rad: float
) -> NDArray[np.bool_]:
    """Tell which bodies (bodies + 1,) lie wholly beside the cone that a view sees.

    ``middle`` (bodies + 1, 3) are their places in the sensor's frame in the middle of a motion by
    ``moved_m`` and ``turn_rad``. InputError when there are more in ``sight``.
    """
    if len(sight.reach_m) > len(middle):
        raise InputError(
            f"a motion of {len(middle) - 1} bodies for Gaussians of {len(sight.reach_m) - 1}"
        )
    distance = np.linalg.norm(middle, axis=1)
    ball = np.zeros(len(middle)) + moved_m
    ball[: len(sight.reach_m)] += sight.reach_m
    with np.errstate(divide="ignore", invalid="ignore"):
        away = np.arccos(np.clip(middle[:, 2] / distance, -1.0, 1.0))
        away -= np.arcsin(np.clip(ball / distance, 0.0, 1.0))
    hidden: NDArray[np.bool_] = (ball < distance) & (away > sight.seen_rad + turn_rad)
    hidden[0] = False
    return hidden


@kernel
def _track(starts, ends, shown, centre, rows, r, q):
    """Write motions for ``_fill``: rotation (9) and place (3) from ``centre`` at their start.

    Then the axis (3) and the angle of their turn, and their way (3). Rows 0 and 1, the sensor and
    the scene, are always there, others where ``shown``; the scene lies at its own origin.
    ``r`` (3, 3) and ``q`` (4,) are scratch.
    """
    for n in range(len(rows)):
        if n > 0 and not shown[n - 1]:
            continue
        start, end, row = starts[n], ends[n], rows[n]
        moved = False
        for i in range(3):
            for j in range(3):
                row[3 * i + j] = start[i, j]
                moved = moved or start[i, j] != end[i, j]
                r[i, j] = (
                    start[0, i] * end[0, j] + start[1, i] * end[1, j] + start[2, i] * end[2, j]
                )
            row[9 + i] = start[i, 3] - centre[i] if n != 1 else 0.0
            row[16 + i] = end[i, 3] - start[i, 3]
        if not moved:
            continue
        trace = r[0, 0] + r[1, 1] + r[2, 2]
        i = 0
        for k in range(1, 3):
            if r[k, k] > r[i, i]:
                i = k
        j, k = (i + 1) % 3, (i + 2) % 3
        if trace >= r[i, i]:
            q[0], q[1], q[2] = r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]
            q[3] = 1.0 + trace
        else:
            q[i], q[j], q[k] = 1.0 - trace + 2.0 * r[i, i], r[j, i] + r[i, j], r[k, i] + r[i, k]
            q[3] = r[k, j] - r[j, k]
        sign = -1.0 if q[3] < 0.0 else 1.0
        sine = math.sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2])
        if sine < 1e-15 * (sine + abs(q[3])):
            continue
        for axis in range(3):
            row[12 + axis] = sign * q[axis] / sine
        row[15] = 2.0 * math.atan2(sine, sign * q[3])


@inlined
def _pose(row, time, rotation):
    """Write the rotation (3, 3) of a track at a time (Rodrigues' formula); return its place."""
    if row[15] == 0.0:
        for i in range(3):
            for j in range(3):
                rotation[i, j] = row[3 * i + j]
        return row[9] + time * row[16], row[10] + time * row[17], row[11] + time * row[18]
    x, y, z = row[12], row[13], row[14]
    sine, rest = math.sin(row[15] * time), 1.0 - math.cos(row[15] * time)
    m00, m11 = 1.0 - rest * (y * y + z * z), 1.0 - rest * (x * x + z * z)
    m22 = 1.0 - rest * (x * x + y * y)
    m01, m10 = rest * x * y - sine * z, rest * x * y + sine * z
    m02, m20 = rest * x * z + sine * y, rest * x * z - sine * y
    m12, m21 = rest * y * z - sine * x, rest * y * z + sine * x
    for i in range(3):
        a, b, c = row[3 * i], row[3 * i + 1], row[3 * i + 2]
        rotation[i, 0] = a * m00 + b * m10 + c * m20
        rotation[i, 1] = a * m01 + b * m11 + c * m21
        rotation[i, 2] = a * m02 + b * m12 + c * m22
    return row[9] + time * row[16], row[10] + time * row[17], row[11] + time * row[18]


@kernel
def _fill(part, parts, times, rows, shown, sensor_from_body, origins, turns, ray_turns, rotations):
    """Fill the tables of every ``parts``-th line; row 0 is the sensor's track, then the bodies'.

    ``rotations`` (2, 3, 3) is scratch.
    """
    lines = len(times)
    s, b = rotations[0], rotations[1]
    for line in range(part, lines, parts):
        sx, sy, sz = _pose(rows[0], times[line], s)
        if line < lines - 1:
            for i in range(3):
                for j in range(3):
                    ray_turns[line, i, j] = s[i, j]
        for body in range(len(shown)):
            if not shown[body]:
                sensor_from_body[line, body] = 0.0
                origins[line, body] = 0.0
                if line < lines - 1:
                    turns[line, body] = 0.0
                continue
            bx, by, bz = _pose(rows[body + 1], times[line], b)
            x, y, z = bx - sx, by - sy, bz - sz
            for i in range(3):
                for j in range(3):
                    sensor_from_body[line, body, i, j] = (
                        s[0, i] * b[0, j] + s[1, i] * b[1, j] + s[2, i] * b[2, j]
                    )
                    if line < lines - 1:
                        turns[line, body, i, j] = b[j, i]
                sensor_from_body[line, body, i, 3] = s[0, i] * x + s[1, i] * y + s[2, i] * z
                origins[line, body, i] = -(b[0, i] * x + b[1, i] * y + b[2, i] * z)
