"""Walking: walkers go where they are told or where they are put, on the ground, and jump."""

from __future__ import annotations

import math

from ....core.errors import RunError
from ....town.actors.gait import STRIDE_SHARE
from ....town.ground import PhysicsGround
from ..wire.structs import ZERO, Transform
from ..world.actors import EpisodeActor
from .fleet import MOST

FALL_M_S2 = 9.81
JUMP_M_S = 4.2
STANDS_WITHIN_M = 0.05


def advance_walker(actor: EpisodeActor, dt_s: float, ground: PhysicsGround) -> None:
    """Move a walker that is simulated by ``dt_s`` seconds; RunError when it leaves all bounds."""
    if actor.parent is not None:
        return
    led_m_s = actor.gait.led_m_s
    if led_m_s is None and not actor.simulated:
        _stride(actor, actor.walk.speed, dt_s)
        return
    # One that is led no more stands for a tick, then minds its own commands.
    actor.gait.led_m_s = 0.0 if led_m_s else None
    vx, vy, yaw = _wanted(actor, led_m_s)
    x, y, z = actor.transform.location
    if led_m_s is None:
        x, y = x + vx * dt_s, y + vy * dt_s
    half = actor.box.extent[2]
    floor = half + ground.height(x, y, z - half)
    z, vz = _height(actor, z, floor, dt_s) if led_m_s is None else (floor, 0.0)
    if not all(abs(value) <= MOST for value in (x, y, z, vx, vy, vz)):
        raise RunError(f"it would walk at {math.hypot(vx, vy):g} m/s to ({x:g}, {y:g}, {z:g})")
    pitch, _, roll = actor.transform.rotation
    actor.transform = Transform((x, y, z), (pitch, yaw, roll))
    actor.velocity = (vx, vy, vz) if (vx or vy or vz) else ZERO
    _stride(actor, math.hypot(vx, vy), dt_s)


def _wanted(actor: EpisodeActor, led_m_s: float | None) -> tuple[float, float, float]:
    """Return the velocity over the ground in m/s and the heading in degrees."""
    yaw = actor.transform.rotation[1]
    if led_m_s is not None:
        heading = math.radians(yaw)
        return led_m_s * math.cos(heading), led_m_s * math.sin(heading), yaw
    east, south, _ = actor.walk.direction
    length = math.hypot(east, south)
    if length < 1e-6 or actor.walk.speed <= 0.0:
        return 0.0, 0.0, yaw
    vx, vy = (actor.walk.speed * part / length for part in (east, south))
    return vx, vy, math.degrees(math.atan2(south, east))


def _height(actor: EpisodeActor, z: float, floor: float, dt_s: float) -> tuple[float, float]:
    """Return height and rise (m/s) after falling, landing or jumping; one jump a command."""
    if z <= floor + STANDS_WITHIN_M:
        if not actor.walk.jump or actor.walk is actor.gait.jumped:
            return floor, 0.0
        actor.gait.jumped = actor.walk
        return floor + JUMP_M_S * dt_s - 0.5 * FALL_M_S2 * dt_s**2, JUMP_M_S - FALL_M_S2 * dt_s
    rise = actor.velocity[2]
    higher = z + rise * dt_s - 0.5 * FALL_M_S2 * dt_s**2
    return (higher, rise - FALL_M_S2 * dt_s) if higher > floor else (floor, 0.0)


def _stride(actor: EpisodeActor, speed_m_s: float, dt_s: float) -> None:
    """Move the legs as the ground passes."""
    if speed_m_s <= 0.0:
        actor.gait.phase = None
        return
    stride_m = STRIDE_SHARE * 2.0 * actor.box.extent[2]
    passed = 2.0 * math.pi * speed_m_s * dt_s / stride_m
    actor.gait.phase = ((actor.gait.phase or 0.0) + passed) % (2.0 * math.pi)
