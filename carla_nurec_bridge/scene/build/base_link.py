"""Where the rear axle of a recorded vehicle is."""

from __future__ import annotations

import logging

import numpy as np

from ...core.frames import Matrix, invert, mirror_vector
from ...recorder_log.trajectories import CM_PER_M, Track, matrices_from_recorder

REAR_AXLE_RATIO = -0.29
"""Rear axle x over length, measured from the actor's origin: typical of CARLA's cars."""

_log = logging.getLogger(__name__)


def actor_from_base(track: Track, length_m: float) -> Matrix:
    """Return the pose (4, 4) of base_link, the rear axle on the ground, in the actor's frame.

    The axle is taken from the wheels in the recording, which stand in world coordinates at the
    moment when the vehicle appeared; without them it is at -0.29 of the length. CARLA's actor
    origin is on the ground already.
    """
    axle_x_m = _axle_from_wheels(track, length_m)
    if axle_x_m is None:
        axle_x_m = REAR_AXLE_RATIO * length_m
        _log.info(
            "no wheels recorded for actor %d: rear axle at %.2f of its length",
            track.actor_id,
            REAR_AXLE_RATIO,
        )
    pose = np.eye(4)
    pose[0, 3] = axle_x_m
    return pose


def _axle_from_wheels(track: Track, length_m: float) -> float | None:
    """Return x of the rear axle in metres, or None where no wheels make sense."""
    if track.physics is None or len(track.physics.wheels) < 2:
        return None
    event = track.event
    (map_from_actor,) = matrices_from_recorder(
        np.array([event.location_cm]), np.array([event.rotation_deg])
    )
    positions = np.array([wheel.position_cm for wheel in track.physics.wheels])
    in_map = mirror_vector(positions) / CM_PER_M
    actor_from_map = invert(map_from_actor)
    in_actor = in_map @ actor_from_map[:3, :3].T + actor_from_map[:3, 3]
    x_m = np.sort(in_actor[:, 0])
    half = len(x_m) // 2
    rear_m, front_m = float(x_m[:half].mean()), float(x_m[half:].mean())
    if -length_m < rear_m < 0.0 < front_m < length_m:
        return rear_m
    return None
