"""The kernel that draws a camera image: one trace per pixel answers every output."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from .jit import inlined, kernel, once
from .native import call_packet
from .packet import (
    COLOUR,
    DIRECTION,
    FAR,
    GEOMETRY,
    HIT,
    INSTANCE,
    LANES,
    MASK,
    NEAR,
    NORMAL,
    OBJECT,
    ORIGIN,
    TAG,
    TIME,
    VALID,
    Y,
    Z,
)
from .shading import resolve, shade
from .sky import DISPLAY_RANGE, DISPLAY_STEPS, unpack_light

f32 = np.float32
SKY_TAG = 11
BLOCK_ROWS = 4


@once
def aim(page, page_i, lane, x, y, z, pose, origin, time):
    """Set the ray of a lane: a direction (x, y, z) of the sensor frame, seen from a pose.

    A zero direction switches the lane off.
    """
    page[ORIGIN + lane] = origin[0]
    page[ORIGIN + Y + lane] = origin[1]
    page[ORIGIN + Z + lane] = origin[2]
    page[DIRECTION + lane] = pose[0, 0] * x + pose[0, 1] * y + pose[0, 2] * z
    page[DIRECTION + Y + lane] = pose[1, 0] * x + pose[1, 1] * y + pose[1, 2] * z
    page[DIRECTION + Z + lane] = pose[2, 0] * x + pose[2, 1] * y + pose[2, 2] * z
    page[TIME + lane] = time
    on = x * x + y * y + z * z > f32(0.0)
    page_i[VALID + lane] = np.int32(-1) if on else np.int32(0)


@once
def trace(page, page_i, reach, intersect, root, arguments):
    """Find the nearest hit of every lane that is on, within ``reach`` metres."""
    for lane in range(LANES):
        page[NEAR + lane] = f32(0.0)
        page[FAR + lane] = reach
        page_i[MASK + lane] = np.int32(-1)
        page_i[GEOMETRY + lane] = np.int32(-1)
        page_i[INSTANCE + lane] = np.int32(-1)
    call_packet(intersect, page_i[VALID:].ctypes.data, root, page.ctypes.data, arguments)


@inlined
def display_index(value):
    """Return the entry of the display table for linear light."""
    scaled = value * f32(DISPLAY_STEPS / DISPLAY_RANGE)
    return np.int32(min(max(scaled, f32(0.0)), f32(DISPLAY_STEPS - 1)))


@kernel
def draw(
    functions, part, parts, page, page_i,
    rays, poses, origins, times, per_row,
    surface, slots, light_table, shadows, wanted,
    rgb, depth, normals, semantic, instance,
):  # fmt: skip
    """Write the wanted outputs (rgb, depth, normals, semantic, instance) of one part of the rows.

    Part k takes the blocks k, k + parts, ... so that all parts see sky and street alike.
    """
    intersect, occluded, root, arguments = functions
    light = unpack_light(light_table)
    display = light_table.display
    height, width = rays.shape[0], rays.shape[1]
    for row in range(height):
        if row // BLOCK_ROWS % parts != part:
            continue
        for first in range(0, width, LANES):
            count = min(LANES, width - first)
            for lane in range(count):
                column = first + lane
                k = row if per_row else column
                ray = rays[row, column]
                aim(page, page_i, lane, ray[0], ray[1], ray[2], poses[k], origins[k], times[k])
            for lane in range(count, LANES):
                page_i[VALID + lane] = np.int32(0)
            trace(page, page_i, f32(np.inf), intersect, root, arguments)
            hits, moving = resolve(page, page_i, surface, slots)
            if wanted[0]:
                shade(
                    page, page_i, surface, slots, light, shadows,
                    occluded, root, arguments, hits, moving,
                )  # fmt: skip
                for lane in range(count):
                    on = page_i[VALID + lane]
                    for channel in range(3):
                        value = display[display_index(page[COLOUR + LANES * channel + lane])]
                        rgb[row, first + lane, channel] = value if on else np.uint8(0)
            if wanted[1]:
                for lane in range(count):
                    hit = page[HIT + lane] > f32(0.0)
                    along = page[FAR + lane] * rays[row, first + lane, 2]
                    depth[row, first + lane] = along if hit else f32(np.inf)
            if wanted[2]:
                for lane in range(count):
                    hit = page[HIT + lane]
                    for axis in range(3):
                        normals[row, first + lane, axis] = hit * page[NORMAL + LANES * axis + lane]
            if wanted[3]:
                for lane in range(count):
                    missed = np.uint8(SKY_TAG) if page_i[VALID + lane] else np.uint8(0)
                    hit = page[HIT + lane] > f32(0.0)
                    semantic[row, first + lane] = np.uint8(page_i[TAG + lane]) if hit else missed
            if wanted[4]:
                for lane in range(count):
                    hit = page[HIT + lane] > f32(0.0)
                    instance[row, first + lane] = page_i[OBJECT + lane] if hit else np.int32(0)
