"""The world state message: every live actor in 119 packed bytes."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

WORLD_OBSERVER = 17
MAP_CHANGE = 1
LAMP_CHANGE = 2
ACTIVE = 1

_COMMON = [
    ("id", "<u4"),
    ("state", "u1"),
    ("transform", "<f4", (6,)),
    ("velocity", "<f4", (3,)),
    ("angular_velocity", "<f4", (3,)),
    ("acceleration", "<f4", (3,)),
]
_VEHICLE = [
    ("pedals", "<f4", (3,)),
    ("switches", "u1", (3,)),
    ("gear", "<i4"),
    ("speed_limit", "<f4"),
    ("light_state", "u1"),
    ("has_light", "u1"),
    ("light_id", "<u4"),
    ("failure", "u1"),
    ("rest", "V24"),
]
_WALKER = [("direction", "<f4", (3,)), ("speed", "<f4"), ("jump", "u1"), ("rest", "V37")]
_LIGHT = [
    ("sign_id", "S32"),
    ("times", "<f4", (3,)),
    ("elapsed", "<f4"),
    ("pole", "<u4"),
    ("frozen", "u1"),
    ("light", "u1"),
]

ACTOR_DTYPE = np.dtype([*_COMMON, ("extra", "V54")])
VEHICLE_DTYPE = np.dtype(_COMMON + _VEHICLE)
WALKER_DTYPE = np.dtype(_COMMON + _WALKER)
LIGHT_DTYPE = np.dtype(_COMMON + _LIGHT)

_SENSOR_HEADER = struct.Struct("<QQd6f")
_STATE_HEADER = struct.Struct("<Qdf3iI")


def sensor_header(
    kind: int, frame: int, elapsed_s: float, transform: tuple[float, ...] = (0.0,) * 6
) -> bytes:
    """Return the 48 bytes that start every message: kind, frame, time, sensor pose x y z p y r."""
    return _SENSOR_HEADER.pack(kind, frame, elapsed_s, *transform)


def state_header(
    episode: int, wall_s: float, delta_s: float, *, map_changed: bool, lamps_changed: bool
) -> bytes:
    """Return the 36 bytes that come before the actors of a world state.

    ``wall_s`` is the platform's time, ``delta_s`` the tick in simulated seconds; with a change
    clients ask for the map or the street lamps again.
    """
    flags = MAP_CHANGE * map_changed + LAMP_CHANGE * lamps_changed
    return _STATE_HEADER.pack(episode, wall_s, delta_s, 0, 0, 0, flags)


def actor_rows(count: int) -> NDArray[np.void]:
    """Return ``count`` zeroed rows of live actors."""
    rows = np.zeros(count, ACTOR_DTYPE)
    rows["state"] = ACTIVE
    return rows
