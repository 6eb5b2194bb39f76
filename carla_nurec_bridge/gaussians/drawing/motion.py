"""Where the sensor and the bodies are at each line of an image, as tables for the kernels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...core.frames import Matrix, interpolate, invert

Floats = NDArray[np.float32]


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
    sensor = interpolate(scene_from_sensor_start, scene_from_sensor_end, times)
    centre = sensor[-1, :3, 3].copy()
    sensor[:, :3, 3] -= centre
    lines, count = len(times), len(bodies) + 1
    sensor_from_scene = invert(sensor)
    body_from_scene = np.broadcast_to(np.eye(4), (lines, count, 4, 4)).copy()
    sensor_from_body = np.empty((lines, count, 3, 4))
    sensor_from_body[:, 0] = sensor_from_scene[:, :3]
    shown = np.ones(count, bool)
    reach_m, moves = _span(sensor), not np.all(sensor == sensor[0])
    for k, body in enumerate(bodies, 1):
        if body is None:
            shown[k] = False
            sensor_from_body[:, k] = 0.0
            continue
        start, end = body.scene_from_body_start.copy(), body.scene_from_body_end.copy()
        start[:3, 3] -= centre
        end[:3, 3] -= centre
        still = np.array_equal(start, end)
        pose = start[None] if still else interpolate(start, end, times)
        moves = moves or not still
        reach_m = max(reach_m, _span(sensor) + _span(pose))
        body_from_scene[:, k] = invert(pose)
        sensor_from_body[:, k] = (sensor_from_scene @ pose)[:, :3]
    origins = np.einsum("lbij,lj->lbi", body_from_scene[..., :3, :3], sensor[:, :3, 3])
    origins += body_from_scene[..., :3, 3]
    cosine = 0.5 * (np.einsum("ij,lij->l", sensor[-1, :3, :3], sensor[:, :3, :3]) - 1.0)
    return Motion(
        centre,
        sensor_from_body,
        origins.astype(np.float32),
        np.ascontiguousarray(body_from_scene[:-1, :, :3, :3], np.float32),
        np.ascontiguousarray(sensor[:-1, :3, :3], np.float32),
        shown,
        not moves,
        reach_m,
        float(np.arccos(np.clip(cosine.min(), -1.0, 1.0))),
    )


def _span(poses: Matrix) -> float:
    """Return how far the farthest of poses (L, 4, 4) is from the last one, metres."""
    return float(np.linalg.norm(poses[:, :3, 3] - poses[-1, :3, 3], axis=1).max())
