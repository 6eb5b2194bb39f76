"""What a ray meets first: Warp's tree of each mesh, and boxes around the moving ones."""

from __future__ import annotations

import warp as wp

from ..engines.packet import (
    ALBEDO,
    CORNER,
    GRAIN,
    LANES,
    MIRROR,
    MIRROR_RISE,
    NORMAL,
    OBJECT,
    PAINTED,
    PATCHES,
    REFLECTIVITY,
    SHINE,
    SURFACE,
    TAG,
)
from .tables import Hit, SurfaceHit, World, mat34


def _column(row: int) -> int:
    return (row - SURFACE) // LANES


_NORMAL, _ALBEDO, _MIRROR, _MIRROR_RISE = map(_column, (NORMAL, ALBEDO, MIRROR, MIRROR_RISE))
_SHINE, _GRAIN, _PATCHES, _REFLECTIVITY = map(_column, (SHINE, GRAIN, PATCHES, REFLECTIVITY))
_PAINTED, _TAG, _OBJECT, _CORNER = map(_column, (PAINTED, TAG, OBJECT, CORNER))


@wp.func
def is_near(world: World, slot: int, origin: wp.vec3, inverse: wp.vec3, far: float) -> bool:
    """Tell whether a ray enters a slot's box by ``far``; ``inverse`` is one over its direction."""
    low = wp.cw_mul(world.slots[slot].low - origin, inverse)
    high = wp.cw_mul(world.slots[slot].high - origin, inverse)
    begin = wp.max(wp.max(wp.min(low[0], high[0]), wp.min(low[1], high[1])), 0.0)
    begin = wp.max(begin, wp.min(low[2], high[2]))
    end = wp.min(wp.min(wp.max(low[0], high[0]), wp.max(low[1], high[1])), far)
    end = wp.min(end, wp.max(low[2], high[2])) * 1.0000004
    return begin <= end


@wp.func
def map_from_mesh(world: World, slot: int, time: float) -> mat34:
    """Return a slot's transform at a share of the motion: between its poses, linearly."""
    count = world.slots[slot].poses
    along = time * float(count - 1)
    first = wp.clamp(int(along), 0, wp.max(count - 2, 0))
    last = wp.min(first + 1, count - 1)
    a = world.poses[world.slots[slot].first_pose + first]
    b = world.poses[world.slots[slot].first_pose + last]
    return a + (along - float(first)) * (b - a)


@wp.func
def turning_of(m: mat34) -> wp.mat33:
    """Return the left three columns."""
    return wp.mat33(m[0, 0], m[0, 1], m[0, 2], m[1, 0], m[1, 1], m[1, 2], m[2, 0], m[2, 1], m[2, 2])


@wp.func
def nearest(world: World, origin: wp.vec3, direction: wp.vec3, time: float, reach: float) -> Hit:
    """Return the first hit within ``reach``, with the instances at ``time``."""
    hit = Hit()
    hit.slot = -1
    hit.distance = reach
    if world.slots[0].mesh != wp.uint64(0):
        still = wp.mesh_query_ray(world.slots[0].mesh, origin, direction, reach)
        if still.result:
            hit.slot = 0
            hit.face = still.face
            hit.distance = still.t
            hit.u = still.v
            hit.v = 1.0 - still.u - still.v
    inverse = wp.vec3(1.0 / direction[0], 1.0 / direction[1], 1.0 / direction[2])
    for slot in range(1, world.slots.shape[0]):
        if is_near(world, slot, origin, inverse, hit.distance):
            m = map_from_mesh(world, slot, time)
            back = wp.inverse(turning_of(m))
            local = back * (origin - wp.vec3(m[0, 3], m[1, 3], m[2, 3]))
            found = wp.mesh_query_ray(world.slots[slot].mesh, local, back * direction, hit.distance)
            if found.result and found.t < hit.distance:
                hit.slot = slot
                hit.face = found.face
                hit.distance = found.t
                hit.u = found.v
                hit.v = 1.0 - found.u - found.v
    return hit


@wp.func
def is_blocked(
    world: World, origin: wp.vec3, direction: wp.vec3, time: float, reach: float
) -> bool:
    """Tell whether a ray hits anything within ``reach``."""
    blocked = wp.bool(False)
    if world.slots[0].mesh != wp.uint64(0):
        blocked = wp.mesh_query_ray_anyhit(world.slots[0].mesh, origin, direction, reach)
    if not blocked:
        inverse = wp.vec3(1.0 / direction[0], 1.0 / direction[1], 1.0 / direction[2])
        for slot in range(1, world.slots.shape[0]):
            if not blocked and is_near(world, slot, origin, inverse, reach):
                m = map_from_mesh(world, slot, time)
                back = wp.inverse(turning_of(m))
                local = back * (origin - wp.vec3(m[0, 3], m[1, 3], m[2, 3]))
                blocked = wp.mesh_query_ray_anyhit(
                    world.slots[slot].mesh, local, back * direction, reach
                )
    return blocked


@wp.func
def turn(world: World, slot: int, time: float, normal: wp.vec3) -> wp.vec3:
    """Return a slot's normal in the map frame at a share of the motion."""
    start = world.slots[slot].start
    turned = (start + time * (world.slots[slot].end - start)) * normal
    return turned / wp.sqrt(wp.max(wp.dot(turned, turned), 1.0e-20))


@wp.func
def surface_at(world: World, hit: Hit, direction: wp.vec3, time: float) -> SurfaceHit:
    """Return what a ray hit, with an instance's paint and identity; ``hit.slot`` is not -1."""
    row = world.slots[hit.slot].first_row + hit.face
    found = SurfaceHit()
    normal = wp.vec3(world.rows[row, 0], world.rows[row, 1], world.rows[row, 2])
    found.albedo = wp.vec3(
        world.rows[row, wp.static(_ALBEDO)],
        world.rows[row, wp.static(_ALBEDO + 1)],
        world.rows[row, wp.static(_ALBEDO + 2)],
    )
    found.mirror = world.rows[row, wp.static(_MIRROR)]
    found.mirror_rise = world.rows[row, wp.static(_MIRROR_RISE)]
    found.shine = world.rows[row, wp.static(_SHINE)]
    found.grain = world.rows[row, wp.static(_GRAIN)]
    found.patches = world.rows[row, wp.static(_PATCHES)]
    found.reflectivity = world.rows[row, wp.static(_REFLECTIVITY)]
    found.tag = world.bits[row, wp.static(_TAG)]
    found.owner = world.bits[row, wp.static(_OBJECT)]
    corner = wp.int32(-1)
    if hit.slot > 0:
        normal = turn(world, hit.slot, time, normal)
        found.owner = world.slots[hit.slot].identity
        found.grain = 0.0
        found.patches = 0.0
        paint = world.slots[hit.slot].paint
        weight = world.rows[row, wp.static(_PAINTED)] * paint[3]
        colour = wp.vec3(paint[0], paint[1], paint[2])
        found.albedo = found.albedo + weight * (colour - found.albedo)
        corner = world.bits[row, wp.static(_CORNER)]
    if wp.dot(normal, direction) > 0.0:
        normal = -normal
    found.normal = normal
    found.smooth = normal
    if corner >= 0:
        smooth = wp.vec3(0.0, 0.0, 0.0)
        for axis in range(3):
            smooth[axis] = (
                (1.0 - hit.u - hit.v) * world.corners[corner, axis]
                + hit.u * world.corners[corner, 3 + axis]
                + hit.v * world.corners[corner, 6 + axis]
            )
        smooth = turn(world, hit.slot, time, smooth)
        if wp.dot(smooth, normal) < 0.0:
            smooth = -smooth
        found.smooth = smooth
    return found
