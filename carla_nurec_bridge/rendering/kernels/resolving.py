"""Kernel parts that turn a traced packet into what it hit: surfaces, normals, paint.

All numbers are float32; see shading for how loops are written.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from ..engines.jit import kernel, once
from ..engines.native import gather_rows, lanes_set
from ..engines.packet import (
    ALBEDO,
    CORNER,
    DIRECTION,
    GEOMETRY,
    GRAIN,
    HIT,
    INSTANCE,
    LANES,
    NORMAL,
    OBJECT,
    PAINTED,
    PATCHES,
    PRIMITIVE,
    ROW,
    SMOOTH,
    SURFACE,
    TIME,
    U,
    V,
    Y,
    Z,
)

f32 = np.float32


@kernel
def rotate(page, at, time, rotations, slot):
    """Turn the vector at ``page[at]`` by a slot's rotation, which changes over time 0 to 1.

    ``rotations`` are (slots, 2, 3, 3), at the motion's start and end.
    """
    x, y, z = page[at], page[at + Y], page[at + Z]
    length = f32(0.0)
    for axis in range(3):
        a = rotations[slot, 0, axis, 0]
        b = rotations[slot, 0, axis, 1]
        c = rotations[slot, 0, axis, 2]
        turned = (
            (a + time * (rotations[slot, 1, axis, 0] - a)) * x
            + (b + time * (rotations[slot, 1, axis, 1] - b)) * y
            + (c + time * (rotations[slot, 1, axis, 2] - c)) * z
        )
        page[at + LANES * axis] = turned
        length += turned * turned
    scale = f32(1.0) / np.sqrt(max(length, f32(1e-20)))
    for axis in range(3):
        page[at + LANES * axis] *= scale


@once
def resolve(page, page_i, address, surface, slots):
    """Fill the rows from SURFACE on, HIT, and turn NORMAL to the map frame, towards the origin.

    OBJECT of an instance becomes its identity. Lanes without a hit get the values of triangle 0.
    Return the numbers of lanes that hit and of lanes that hit an instance.
    """
    for lane in range(LANES):
        hit = page_i[GEOMETRY + lane] != np.int32(-1)
        slot = max(page_i[INSTANCE + lane], np.int32(0))
        page_i[INSTANCE + lane] = slot if hit else np.int32(0)
        page_i[ROW + lane] = page_i[PRIMITIVE + lane] if hit else np.int32(0)
        page[HIT + lane] = f32(1.0) if hit else f32(0.0)
    hits = lanes_set(address + 4 * HIT)
    moving = lanes_set(address + 4 * INSTANCE)
    if moving > 0:
        for lane in range(LANES):
            page_i[ROW + lane] += slots.first[page_i[INSTANCE + lane]]
    else:
        first = slots.first[0]
        for lane in range(LANES):
            page_i[ROW + lane] += first
    gather_rows(surface.rows.ctypes.data, address + 4 * ROW, address + 4 * SURFACE)
    if moving > 0:
        for lane in range(LANES):
            slot = page_i[INSTANCE + lane]
            if slot > 0:
                page_i[OBJECT + lane] = slots.identity[slot]
                rotate(page, NORMAL + lane, page[TIME + lane], slots.rotation, slot)
    for lane in range(LANES):
        x, y, z = page[NORMAL + lane], page[NORMAL + Y + lane], page[NORMAL + Z + lane]
        facing = (
            x * page[DIRECTION + lane]
            + y * page[DIRECTION + Y + lane]
            + z * page[DIRECTION + Z + lane]
        )
        sign = f32(-1.0) if facing > f32(0.0) else f32(1.0)
        page[NORMAL + lane] = sign * x
        page[NORMAL + Y + lane] = sign * y
        page[NORMAL + Z + lane] = sign * z
    return hits, moving


@once
def dress_instances(page, page_i, surface, slots):
    """Give lanes on instances their paint, and SMOOTH interpolated from corner normals."""
    for lane in range(LANES):
        slot = page_i[INSTANCE + lane]
        if slot == 0:
            continue
        page[GRAIN + lane] = f32(0.0)
        page[PATCHES + lane] = f32(0.0)
        weight = page[PAINTED + lane] * slots.paint[slot, 3]
        for channel in range(3):
            colour = page[ALBEDO + LANES * channel + lane]
            page[ALBEDO + LANES * channel + lane] = colour + weight * (
                slots.paint[slot, channel] - colour
            )
        corner = page_i[CORNER + lane]
        if corner < 0:
            continue
        u, v = page[U + lane], page[V + lane]
        for axis in range(3):
            page[SMOOTH + LANES * axis + lane] = (
                (f32(1.0) - u - v) * surface.corners[corner, axis]
                + u * surface.corners[corner, 3 + axis]
                + v * surface.corners[corner, 6 + axis]
            )
        rotate(page, SMOOTH + lane, page[TIME + lane], slots.rotation, slot)
        facing = f32(0.0)
        for axis in range(3):
            facing += page[SMOOTH + LANES * axis + lane] * page[NORMAL + LANES * axis + lane]
        sign = f32(-1.0) if facing < f32(0.0) else f32(1.0)
        for axis in range(3):
            page[SMOOTH + LANES * axis + lane] *= sign
