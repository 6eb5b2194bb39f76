"""Where the sensor and the bodies are at each line of an image, as tables for the kernels."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...core.frames import Matrix, quaternion_from_rotation
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


def motion_of(
    scene_from_sensor_start: Matrix,
    scene_from_sensor_end: Matrix,
    fractions: NDArray[np.float64],
    bodies: Sequence[BodyMotion | None] = (),
) -> Motion:
    """Return the tables of lines exposed at ``fractions`` (L,) of the motion.

    ``bodies`` are in the order of the particles' bodies, from 1; None for one that is not drawn.
    """
    times = np.append(fractions, 0.5)
    centre = 0.5 * (scene_from_sensor_start[:3, 3] + scene_from_sensor_end[:3, 3])
    sensor = _track(scene_from_sensor_start, scene_from_sensor_end, centre)
    tracks = [
        None
        if body is None
        else _track(body.scene_from_body_start, body.scene_from_body_end, centre)
        for body in bodies
    ]
    lines, count = len(fractions), len(bodies) + 1
    shown = np.array([True, *(track is not None for track in tracks)])
    rows = np.zeros((count + 1, _TRACK))
    rows[0] = sensor
    rows[1, [0, 4, 8]] = 1.0  # the scene, which stands still
    for row, track in zip(rows[2:], tracks, strict=True):
        if track is not None:
            row[:] = track
    sensor_from_body = np.empty((lines + 1, count, 3, 4))
    origins = np.empty((lines + 1, count, 3), np.float32)
    turns = np.empty((lines, count, 3, 3), np.float32)
    ray_turns = np.empty((lines, 3, 3), np.float32)
    parts = part_count(max(1, lines * count // 2048))
    given = (times, rows, shown, sensor_from_body, origins, turns, ray_turns)
    share(lambda part: _fill(part, parts, *given, np.empty((2, 3, 3))), parts)
    farthest = float(np.abs(times - 0.5).max())
    ways = np.linalg.norm(rows[:, _WAY], axis=1)
    angles = rows[:, _ANGLE]
    return Motion(
        centre,
        sensor_from_body,
        origins,
        turns,
        ray_turns,
        shown,
        not (ways.any() or angles.any()),
        float(ways[0] + ways[1:].max()) * farthest,
        float(min(angles[0] * farthest, np.pi)),
    )


def _track(start: Matrix, end: Matrix, centre: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a motion for the kernel: rotation (9) and place (3) from ``centre`` at its start.

    Then the axis (3) and the angle of its turn, and its way (3).
    """
    row = np.empty(_TRACK)
    row[:9] = start[:3, :3].ravel()
    row[9:12] = start[:3, 3] - centre
    turn = quaternion_from_rotation(start[:3, :3].T @ end[:3, :3])
    sine = float(np.linalg.norm(turn[:3]))
    still = sine < 1e-15 or np.array_equal(start[:3, :3], end[:3, :3])
    row[12:15] = 0.0 if still else turn[:3] / sine
    row[_ANGLE] = 0.0 if still else 2.0 * np.arctan2(sine, turn[3])
    row[_WAY] = end[:3, 3] - start[:3, 3]
    return row


@inlined
def _pose(row, time, rotation):
    """Write the rotation (3, 3) of a track at a time (Rodrigues' formula); return its place."""
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
