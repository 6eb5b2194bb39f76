"""The kernels behind lidars and single rays: what a beam meets, and how bright it returns."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..engines.jit import allocating, kernel, once
from ..engines.native import gather_tile, next_block
from ..engines.packet import (
    DIRECTION,
    FAR,
    HIT,
    LANES,
    NORMAL,
    OBJECT,
    ORIGIN,
    REFLECTIVITY,
    TAG,
    TIME,
    TURN,
    VALID,
    Y,
    Z,
)
from .camera_kernel import SIDE, turn
from .resolving import resolve
from .sky import exp_negative
from .tracing import trace

f32 = np.float32
# CARLA's default attenuation of lidar light in air, per metre.
AIR_PER_M = 0.004


@kernel
def measure(page):
    """Turn REFLECTIVITY into returned intensity, and FAR of lanes without a hit into inf.

    A matte surface returns less the more it is tilted; HIT becomes the cosine of incidence.
    """
    for lane in range(LANES):
        hit = page[HIT + lane]
        cosine = -(
            page[DIRECTION + lane] * page[NORMAL + lane]
            + page[DIRECTION + Y + lane] * page[NORMAL + Y + lane]
            + page[DIRECTION + Z + lane] * page[NORMAL + Z + lane]
        )
        cosine = min(max(cosine, f32(0.0)), f32(1.0)) * hit
        distance = min(page[FAR + lane], f32(1e4))
        seen = page[REFLECTIVITY + lane] * (f32(0.25) + f32(0.75) * cosine)
        page[REFLECTIVITY + lane] = hit * seen * exp_negative(distance * f32(AIR_PER_M))
        page[FAR + lane] = page[FAR + lane] if hit > f32(0.0) else f32(np.inf)
        page[HIT + lane] = cosine


def column_blocks(
    poses: NDArray[np.float32], origins: NDArray[np.float32], times: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the poses (K, 3, 3), origins (K, 3) and times (K,) of columns as lanes (B, 13, 16).

    A block has those of 16 neighbours, in the order of the arguments; one for all columns when K
    is 1. The last column fills the last block.
    """
    count = len(times)
    columns = np.column_stack([poses.reshape(count, 9), origins, times])
    chosen = np.minimum(np.arange(-(-count // LANES) * LANES), count - 1)
    return np.ascontiguousarray(columns[chosen].reshape(-1, LANES, 13).transpose(0, 2, 1))


@once
def hold_columns(page, held):
    """Note how, from where and when the lanes look, by a block (13, 16) of ``column_blocks``."""
    for lane in range(LANES):
        for part in range(9):
            page[TURN + LANES * part + lane] = held[part, lane]
        for axis in range(3):
            page[ORIGIN + LANES * axis + lane] = held[9 + axis, lane]
        page[TIME + lane] = held[12, lane]


@once
def aim_beams(page, page_i, address, row, first, directions):
    """Aim the lanes along 16 neighbours in a row, as their columns are held; lanes beyond are off.

    ``address`` is where the page lies; ``directions`` lie row by row.
    """
    columns = directions.shape[1]
    if first + LANES <= columns:
        at = directions.ctypes.data + 12 * (row * columns + first)
        gather_tile(at, 12 * SIDE, address + 4 * DIRECTION)
    else:
        for lane in range(LANES):
            column = min(first + lane, columns - 1)
            on = f32(1.0) if first + lane < columns else f32(0.0)
            for axis in range(3):
                page[DIRECTION + LANES * axis + lane] = on * directions[row, column, axis]
    for lane in range(LANES):
        page_i[VALID + lane] = np.int32(-1)
    turn(page, page_i)


@kernel
def sweep(
    functions,
    taken,
    page,
    directions,
    blocks,
    origins,
    reach,
    surface,
    slots,
    ranges,
    intensity,
    tags,
    instance,
    cosine,
    normals,
):
    """Measure rows of a table of directions (R, C, 3) until all are measured.

    ``taken`` counts those that are taken; see ``share_blocks``. ``blocks`` are what
    ``column_blocks`` returns.
    ``origins`` (R, C, 3), unless it is (0, 0, 0), are those of the rays in place of the blocks';
    ``normals`` may be (0, 0, 0) when they are not wanted.
    """
    intersect, _, scenes, arguments = functions
    page_i = page.view(np.int32)
    address = page.ctypes.data
    columns = directions.shape[1]
    while True:
        row = next_block(taken.ctypes.data)
        if row >= directions.shape[0]:
            break
        for first in range(0, columns, LANES):
            count = min(LANES, columns - first)
            hold_columns(page, blocks[first // LANES if len(blocks) > 1 else 0])
            for lane in range(count if len(origins) else 0):
                for axis in range(3):
                    page[ORIGIN + LANES * axis + lane] = origins[row, first + lane, axis]
            aim_beams(page, page_i, address, row, first, directions)
            trace(page, page_i, address, reach, intersect, scenes, arguments)
            resolve(page, page_i, address, surface, slots)
            for lane in range(count):
                hit = page[HIT + lane] > f32(0.0)
                tags[row, first + lane] = np.uint8(page_i[TAG + lane]) if hit else np.uint8(0)
                instance[row, first + lane] = page_i[OBJECT + lane] if hit else np.int32(0)
                for axis in range(normals.shape[2]):
                    normal = page[NORMAL + LANES * axis + lane]
                    normals[row, first + lane, axis] = normal if hit else f32(0.0)
            measure(page)
            for lane in range(count):
                ranges[row, first + lane] = page[FAR + lane]
                intensity[row, first + lane] = page[REFLECTIVITY + lane]
                cosine[row, first + lane] = page[HIT + lane]


@allocating
def gather_points(ranges, directions, rotations, offsets):
    """Return the hits (N, 3) in row-major order, moved by the transform of their column."""
    rows, columns = ranges.shape
    count = 0
    for row in range(rows):
        for column in range(columns):
            count += np.isfinite(ranges[row, column])
    points = np.empty((count, 3), np.float32)
    index = 0
    for row in range(rows):
        for column in range(columns):
            distance = ranges[row, column]
            if np.isfinite(distance):
                x = distance * directions[row, column, 0]
                y = distance * directions[row, column, 1]
                z = distance * directions[row, column, 2]
                for axis in range(3):
                    points[index, axis] = (
                        rotations[column, axis, 0] * x
                        + rotations[column, axis, 1] * y
                        + rotations[column, axis, 2] * z
                        + offsets[column, axis]
                    )
                index += 1
    return points
