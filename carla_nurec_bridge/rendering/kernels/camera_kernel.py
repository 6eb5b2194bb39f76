"""The kernel that draws a camera image: one trace per pixel answers every output.

Columns are counted by ``range`` from zero up, so that the compiler sees that no index is negative
and loads whole vectors.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from ..engines.jit import kernel, once
from ..engines.native import gather_tile, next_block, show_tile, whole_pages
from ..engines.packet import (
    DIRECTION,
    FAR,
    HIT,
    LANES,
    NORMAL,
    OBJECT,
    ORIGIN,
    SHOWN,
    TAG,
    TIME,
    TURN,
    VALID,
    Y,
    Z,
)
from .refining import PIXELS, aim_edges, write_edges
from .resolving import resolve
from .shading import shade
from .sky import unpack_light
from .tracing import look_up, trace

f32 = np.float32
SKY_TAG = 11
SIDE = 4
"""Pixels of a packet, across and down: a square looks at fewer things than a row does."""


@once
def hold(page, row, first, poses, origins, times, per_row):
    """Note how and from where each lane of a tile looks, and when.

    The tile's first pixel is (row, first).
    """
    for lane in range(LANES):
        line = row + lane // SIDE if per_row else first + lane % SIDE
        k = min(line, len(times) - 1)
        for axis in range(3):
            page[ORIGIN + LANES * axis + lane] = origins[k, axis]
            for part in range(3):
                page[TURN + LANES * (3 * axis + part) + lane] = poses[k, axis, part]
        page[TIME + lane] = times[k]


@once
def turn(page, page_i):
    """Turn DIRECTION of all lanes from the sensor's frame to the map's, by TURN.

    A zero direction switches a lane off.
    """
    for lane in range(LANES):
        x, y, z = page[DIRECTION + lane], page[DIRECTION + Y + lane], page[DIRECTION + Z + lane]
        on = x * x + y * y + z * z > f32(0.0)
        page_i[VALID + lane] = page_i[VALID + lane] if on else np.int32(0)
        for axis in range(3):
            page[DIRECTION + LANES * axis + lane] = (
                page[TURN + LANES * (3 * axis) + lane] * x
                + page[TURN + LANES * (3 * axis + 1) + lane] * y
                + page[TURN + LANES * (3 * axis + 2) + lane] * z
            )


@once
def aim_tile(page, page_i, address, row, first, rays):
    """Aim the lanes through the pixels of a tile, as they are held; off the image they are off.

    ``address`` is where the page lies; ``rays`` lie row by row.
    """
    height, width = rays.shape[0], rays.shape[1]
    if row + SIDE <= height and first + SIDE <= width:
        at = rays.ctypes.data + 12 * (row * width + first)
        gather_tile(at, 12 * width, address + 4 * DIRECTION)
        for lane in range(LANES):
            page_i[VALID + lane] = np.int32(-1)
    else:
        for lane in range(LANES):
            down, across = lane // SIDE, lane % SIDE
            i, j = min(row + down, height - 1), min(first + across, width - 1)
            for axis in range(3):
                page[DIRECTION + LANES * axis + lane] = rays[i, j, axis]
            inside = row + down < height and first + across < width
            page_i[VALID + lane] = np.int32(-1) if inside else np.int32(0)
    turn(page, page_i)


@once
def write_tile(page, page_i, row, first, rays, wanted, depth, normals, semantic, instance):
    """Write what the lanes hit to the pixels of a tile, all but colours."""
    rows, columns = min(SIDE, rays.shape[0] - row), min(SIDE, rays.shape[1] - first)
    for down in range(rows):
        at = SIDE * down
        if wanted[1]:
            depths, seen = depth[row + down], rays[row + down]
            for j in range(columns):
                along = page[FAR + at + j] * seen[first + j, 2]
                depths[first + j] = along if page[HIT + at + j] > f32(0.0) else f32(np.inf)
        if wanted[2]:
            facing = normals[row + down]
            for j in range(columns):
                hit = page[HIT + at + j]
                facing[first + j, 0] = hit * page[NORMAL + at + j]
                facing[first + j, 1] = hit * page[NORMAL + Y + at + j]
                facing[first + j, 2] = hit * page[NORMAL + Z + at + j]
        if wanted[3]:
            labels = semantic[row + down]
            for j in range(columns):
                missed = np.uint8(SKY_TAG) if page_i[VALID + at + j] else np.uint8(0)
                tag = np.uint8(page_i[TAG + at + j])
                labels[first + j] = tag if page[HIT + at + j] > f32(0.0) else missed
        if wanted[4]:
            owners = instance[row + down]
            for j in range(columns):
                owner = page_i[OBJECT + at + j]
                owners[first + j] = owner if page[HIT + at + j] > f32(0.0) else np.int32(0)


@once
def write_colours(page_i, address, row, first, display, rgb):
    """Write the display's bytes of SHOWN to the pixels of a tile; ``address`` is the page's."""
    height, width = rgb.shape[0], rgb.shape[1]
    if row + SIDE <= height and first + SIDE <= width:
        at = rgb.ctypes.data + 3 * (row * width + first)
        show_tile(display.ctypes.data, address + 4 * SHOWN, at, 3 * width)
        return
    rows, columns = min(SIDE, height - row), min(SIDE, width - first)
    for down in range(rows):
        at, line = SHOWN + SIDE * down, rgb[row + down]
        for j in range(columns):
            for channel in range(3):
                entry = np.uint32(page_i[at + LANES * channel + j])
                line[first + j, channel] = display[entry]


@kernel
def draw(
    functions,
    taken,
    page,
    edges,
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
    """Draw rows of tiles of an image until all are drawn, or its edges anew.

    ``taken`` counts those that are taken; see ``share_blocks``. ``functions`` are the addresses of
    the engine's intersect and occluded, and what these get.
    ``times`` are shares of the motion by row or, without ``per_row``, by column, and so are
    ``poses`` and ``origins``. ``wanted`` has a flag an output, rgb first.

    With pixels in ``edges`` (E, 2) only these are drawn, and only in ``rgb``. That is no kernel of
    its own because shading would be compiled twice, ten seconds each time.
    """
    whole_pages()
    intersect, occluded, scenes, arguments = functions
    page_i = page.view(np.int32)
    address = page.ctypes.data
    light = unpack_light(light_table)
    display = light_table.display
    more = wanted[1] or wanted[2] or wanted[3] or wanted[4]
    height, width = rays.shape[0], rays.shape[1]
    anew = len(edges) > 0
    across = SIDE if anew else width
    while True:
        block = next_block(taken.ctypes.data)
        row = SIDE * block
        if PIXELS * block >= len(edges) if anew else row >= height:
            break
        for first in range(0, across, SIDE):
            if anew:
                aim_edges(page, page_i, PIXELS * block, edges, rays, poses, origins, times, per_row)
            else:
                if not per_row or first == 0:
                    hold(page, row, first, poses, origins, times, per_row)
                aim_tile(page, page_i, address, row, first, rays)
            trace(page, page_i, address, f32(np.inf), intersect, scenes, arguments)
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
                    scenes,
                    arguments,
                    hits,
                    moving,
                )
                look_up(page_i, address)
                if anew:
                    write_edges(page_i, PIXELS * block, edges, display, rgb)
                else:
                    write_colours(page_i, address, row, first, display, rgb)
            if more:
                write_tile(
                    page, page_i, row, first, rays, wanted, depth, normals, semantic, instance
                )
