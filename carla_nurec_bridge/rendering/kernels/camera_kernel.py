"""The kernel that draws a camera image: one trace per pixel answers every output.

Columns are counted by ``range`` from zero up, so that the compiler sees that no index is negative
and loads whole vectors.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from ..engines.jit import inlined, kernel, once
from ..engines.native import call_packet
from ..engines.packet import (
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
    SHOWN,
    TAG,
    TIME,
    VALID,
    Y,
    Z,
)
from .resolving import resolve
from .shading import shade
from .sky import DISPLAY_RANGE, DISPLAY_STEPS, unpack_light

f32 = np.float32
SKY_TAG = 11
BLOCK_ROWS = 4


@inlined
def aim(page, page_i, lane, x, y, z, poses, k, time):
    """Set the direction of a lane, (x, y, z) of the sensor frame, as pose k (K, 3, 3) turns it.

    A zero direction switches the lane off.
    """
    page[DIRECTION + lane] = poses[k, 0, 0] * x + poses[k, 0, 1] * y + poses[k, 0, 2] * z
    page[DIRECTION + Y + lane] = poses[k, 1, 0] * x + poses[k, 1, 1] * y + poses[k, 1, 2] * z
    page[DIRECTION + Z + lane] = poses[k, 2, 0] * x + poses[k, 2, 1] * y + poses[k, 2, 2] * z
    page[TIME + lane] = time
    on = x * x + y * y + z * z > f32(0.0)
    page_i[VALID + lane] = np.int32(-1) if on else np.int32(0)


@inlined
def start(page, lane, origins, k):
    """Set the origin of a lane to row k of (K, 3)."""
    page[ORIGIN + lane] = origins[k, 0]
    page[ORIGIN + Y + lane] = origins[k, 1]
    page[ORIGIN + Z + lane] = origins[k, 2]


@once
def trace(page, page_i, address, reach, intersect, root, arguments):
    """Find the nearest hit of every lane that is on, within ``reach`` metres.

    ``address`` is where the page lies.
    """
    for lane in range(LANES):
        page[NEAR + lane] = f32(0.0)
        page[FAR + lane] = reach
        page_i[MASK + lane] = np.int32(-1)
        page_i[GEOMETRY + lane] = np.int32(-1)
        page_i[INSTANCE + lane] = np.int32(-1)
    call_packet(intersect, address + 4 * VALID, root, address, arguments)


@once
def look_up(page, page_i):
    """Fill SHOWN with the display table's entries for the linear light of COLOUR.

    Lanes that are off get the last entry, which is black.
    """
    for channel in range(3):
        for lane in range(LANES):
            scaled = page[COLOUR + LANES * channel + lane] * f32(DISPLAY_STEPS / DISPLAY_RANGE)
            inside = min(max(scaled, f32(0.0)), f32(DISPLAY_STEPS - 1))
            inside = inside if page_i[VALID + lane] != 0 else f32(DISPLAY_STEPS)
            page_i[SHOWN + LANES * channel + lane] = np.int32(inside)


@once
def aim_row(page, page_i, row, first, count, rays, poses, origins, times, per_row):
    """Aim ``count`` lanes through the pixels of a row from column ``first`` on."""
    if per_row:
        a, b, c = poses[row, 0, 0], poses[row, 0, 1], poses[row, 0, 2]
        d, e, f = poses[row, 1, 0], poses[row, 1, 1], poses[row, 1, 2]
        g, h, i = poses[row, 2, 0], poses[row, 2, 1], poses[row, 2, 2]
        for lane in range(count):
            x = rays[row, first + lane, 0]
            y = rays[row, first + lane, 1]
            z = rays[row, first + lane, 2]
            page[DIRECTION + lane] = a * x + b * y + c * z
            page[DIRECTION + Y + lane] = d * x + e * y + f * z
            page[DIRECTION + Z + lane] = g * x + h * y + i * z
            on = x * x + y * y + z * z > f32(0.0)
            page_i[VALID + lane] = np.int32(-1) if on else np.int32(0)
        time = times[row]
        u, v, w = origins[row, 0], origins[row, 1], origins[row, 2]
        for lane in range(LANES):
            page[ORIGIN + lane] = u
            page[ORIGIN + Y + lane] = v
            page[ORIGIN + Z + lane] = w
            page[TIME + lane] = time
    else:
        for lane in range(count):
            k = first + lane
            x, y, z = rays[row, k, 0], rays[row, k, 1], rays[row, k, 2]
            aim(page, page_i, lane, x, y, z, poses, k, times[k])
            start(page, lane, origins, k)
    for lane in range(count, LANES):
        page_i[VALID + lane] = np.int32(0)


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
    functions,
    part,
    parts,
    page,
    rays,
    poses,
    origins,
    times,
    per_row,
    surface,
    slots,
    light_table,
    shadows,
    wanted,
    rgb,
    depth,
    normals,
    semantic,
    instance,
):
    """Draw one part of an image.

    ``functions`` are the addresses of the engine's intersect and occluded, and of what these get.
    ``times`` are shares of the motion by row or, without ``per_row``, by column, and so are
    ``poses`` and ``origins``. ``wanted`` has a flag an output, rgb first. Part k takes the blocks
    of rows k, k + parts, ... so that all parts see sky and street alike.
    """
    intersect, occluded, root, arguments = functions
    page_i = page.view(np.int32)
    address = page.ctypes.data
    light = unpack_light(light_table)
    display = light_table.display
    height, width = rays.shape[0], rays.shape[1]
    for block in range(part * BLOCK_ROWS, height, parts * BLOCK_ROWS):
        for row in range(block, min(block + BLOCK_ROWS, height)):
            for first in range(0, width, LANES):
                count = min(LANES, width - first)
                aim_row(page, page_i, row, first, count, rays, poses, origins, times, per_row)
                trace(page, page_i, address, f32(np.inf), intersect, root, arguments)
                hits, moving = resolve(page, page_i, address, surface, slots)
                if wanted[0]:
                    shade(
                        page,
                        page_i,
                        address,
                        surface,
                        slots,
                        light,
                        light_table.lamps,
                        shadows,
                        occluded,
                        root,
                        arguments,
                        hits,
                        moving,
                    )
                    look_up(page, page_i)
                    for lane in range(count):
                        for channel in range(3):
                            entry = np.uint32(page_i[SHOWN + LANES * channel + lane])
                            rgb[row, first + lane, channel] = display[entry]
                write_row(
                    page,
                    page_i,
                    row,
                    first,
                    count,
                    rays,
                    wanted,
                    depth,
                    normals,
                    semantic,
                    instance,
                )
