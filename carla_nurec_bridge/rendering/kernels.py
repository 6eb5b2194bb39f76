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


@once
def aim_row(page, page_i, row, first, count, rays, poses, origins, times, per_row):
    """Aim ``count`` lanes through the pixels of a row from column ``first`` on."""
    for lane in range(count):
        column = first + lane
        k = row if per_row else column
        ray = rays[row, column]
        aim(page, page_i, lane, ray[0], ray[1], ray[2], poses[k], origins[k], times[k])
    for lane in range(count, LANES):
        page_i[VALID + lane] = np.int32(0)


@once
def aim_edges(page, page_i, first, edges, rays, poses, origins, times, per_row):
    """Aim the lanes through four points inside each of four pixels of the list ``edges``.

    Rays between pixel centres are interpolated from the neighbours' rays.
    """
    height, width = rays.shape[0], rays.shape[1]
    for lane in range(LANES):
        index = min(first + lane // 4, len(edges) - 1)
        row, column = edges[index, 0], edges[index, 1]
        k = row if per_row else column
        sample = lane % 4
        # A rotated square: every sample has a row and a column of its own.
        right = f32(-0.125) if sample == 0 else f32(0.375)
        right = f32(-0.375) if sample == 1 else right
        right = f32(0.125) if sample == 3 else right
        down = f32(0.25) * f32(sample) - f32(0.375)
        beside = (
            column + 1 if (right > f32(0.0) and column + 1 < width) or column == 0 else column - 1
        )
        below = row + 1 if (down > f32(0.0) and row + 1 < height) or row == 0 else row - 1
        right = right if beside > column else -right
        down = down if below > row else -down
        ray = rays[row, column]
        a, b = rays[row, beside], rays[below, column]
        x = ray[0] + right * (a[0] - ray[0]) + down * (b[0] - ray[0])
        y = ray[1] + right * (a[1] - ray[1]) + down * (b[1] - ray[1])
        z = ray[2] + right * (a[2] - ray[2]) + down * (b[2] - ray[2])
        length = np.sqrt(x * x + y * y + z * z)
        scale = f32(1.0) / length if length > f32(0.0) else f32(0.0)
        aim(page, page_i, lane, x * scale, y * scale, z * scale, poses[k], origins[k], times[k])


@once
def write_row(page, page_i, row, first, count, rays, wanted, depth, normals, semantic, instance):
    """Write what the lanes hit to the pixels of a row."""
    if wanted[1]:
        for lane in range(count):
            along = page[FAR + lane] * rays[row, first + lane, 2]
            depth[row, first + lane] = along if page[HIT + lane] > f32(0.0) else f32(np.inf)
    if wanted[2]:
        for lane in range(count):
            hit = page[HIT + lane]
            normals[row, first + lane, 0] = hit * page[NORMAL + lane]
            normals[row, first + lane, 1] = hit * page[NORMAL + Y + lane]
            normals[row, first + lane, 2] = hit * page[NORMAL + Z + lane]
    if wanted[3]:
        for lane in range(count):
            missed = np.uint8(SKY_TAG) if page_i[VALID + lane] else np.uint8(0)
            tag = np.uint8(page_i[TAG + lane])
            semantic[row, first + lane] = tag if page[HIT + lane] > f32(0.0) else missed
    if wanted[4]:
        for lane in range(count):
            owner = page_i[OBJECT + lane]
            instance[row, first + lane] = owner if page[HIT + lane] > f32(0.0) else np.int32(0)


@kernel
def draw(
    functions, part, parts, page, page_i,
    edges, rays, poses, origins, times, per_row,
    surface, slots, light_table, shadows, wanted,
    rgb, depth, normals, semantic, instance,
):  # fmt: skip
    """Draw one part of an image, or, when ``edges`` lists pixels (E, 2), refine those of ``rgb``.

    Part k takes the blocks of rows k, k + parts, ... so that all parts see sky and street alike.
    """
    intersect, occluded, root, arguments = functions
    light = unpack_light(light_table)
    display = light_table.display
    height, width = rays.shape[0], rays.shape[1]
    refine = len(edges) > 0
    per_line = -(-width // LANES)
    packets = -(-len(edges) // 4) if refine else height * per_line
    per_block = BLOCK_ROWS * per_line
    for packet in range(packets):
        if packet // per_block % parts != part:
            continue
        row, first = packet // per_line, packet % per_line * LANES
        count = min(LANES, width - first)
        if refine:
            aim_edges(page, page_i, 4 * packet, edges, rays, poses, origins, times, per_row)
        else:
            aim_row(page, page_i, row, first, count, rays, poses, origins, times, per_row)
        trace(page, page_i, f32(np.inf), intersect, root, arguments)
        hits, moving = resolve(page, page_i, surface, slots)
        if wanted[0]:
            shade(
                page, page_i, surface, slots, light, light_table.lamps, shadows,
                occluded, root, arguments, hits, moving,
            )  # fmt: skip
        if refine:
            for pixel in range(min(4, len(edges) - 4 * packet)):
                row, column = edges[4 * packet + pixel, 0], edges[4 * packet + pixel, 1]
                for channel in range(3):
                    # The mean of the squares is close to a mean of light, after tone mapping.
                    total = f32(0.0)
                    for lane in range(4 * pixel, 4 * pixel + 4):
                        seen = display[display_index(page[COLOUR + LANES * channel + lane])]
                        total += f32(seen) * f32(seen)
                    mean = np.sqrt(f32(0.25) * total) + f32(0.5)
                    rgb[row, column, channel] = np.uint8(mean)
            continue
        if wanted[0]:
            for lane in range(count):
                on = page_i[VALID + lane]
                for channel in range(3):
                    value = display[display_index(page[COLOUR + LANES * channel + lane])]
                    rgb[row, first + lane, channel] = value if on else np.uint8(0)
        write_row(page, page_i, row, first, count, rays, wanted, depth, normals, semantic, instance)
