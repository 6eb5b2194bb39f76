"""Walking: walkers go where they are told at the speed they are told, on the ground."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ..world.ground import Ground
from .actors import Actor
from .dynamics import height_at
from .structs import ZERO, Transform

MOST_STEP_UP_M = 0.5
FALL_M_S2 = 9.81


def advance_walkers(walkers: Iterable[Actor], dt_s: float, ground: Ground) -> None:
    """Move every walker that is simulated by ``dt_s`` seconds."""
    for actor in walkers:
        if not actor.simulated or actor.parent is not None:
            continue
        x, y, z = actor.transform.location
        pitch, yaw, roll = actor.transform.rotation
        east, south, _ = actor.walk.direction
        length = math.hypot(east, south)
        vx = vy = 0.0
        if length > 1e-6 and actor.walk.speed > 0.0:
            vx, vy = (actor.walk.speed * part / length for part in (east, south))
            yaw = math.degrees(math.atan2(south, east))
        x, y = x + vx * dt_s, y + vy * dt_s
        floor = actor.box.extent[2] + float(
            height_at(ground.heights, ground.origin_x, ground.origin_y, ground.cell_m, x, y)
        )
        vz = 0.0
        if z > floor + 0.05:
            vz = actor.velocity[2] - FALL_M_S2 * dt_s
            z = max(z + vz * dt_s, floor)
        else:
            z = floor
        actor.transform = Transform((x, y, z), (pitch, yaw, roll))
        actor.velocity = (vx, vy, vz) if (vx or vy or vz) else ZERO
