"""CARLA's spectator, flying behind the ego."""

from __future__ import annotations

import math

import carla
import numpy as np

from ..core.frames import Matrix, matrix_from_xyz_rpy
from .session.transforms import transform_of

_BEHIND_M, _ABOVE_M = 9.0, 4.5
_DOWN_RAD = math.radians(18.0)


def follow(spectator: carla.Actor, map_from_base: Matrix) -> None:
    """Put the spectator behind and above the ego, looking ahead and down, level in roll."""
    yaw = math.atan2(map_from_base[1, 0], map_from_base[0, 0])
    back = np.array([math.cos(yaw), math.sin(yaw), 0.0]) * _BEHIND_M
    place = map_from_base[:3, 3] - back + np.array([0.0, 0.0, _ABOVE_M])
    spectator.set_transform(transform_of(matrix_from_xyz_rpy(place, (0.0, _DOWN_RAD, yaw))))
