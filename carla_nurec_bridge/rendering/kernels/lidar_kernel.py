"""The kernels behind lidars and single rays: what a beam meets, and how bright it returns."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from ..engines.jit import allocating, kernel
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
    VALID,
    Y,
    Z,
)
from .camera_kernel import aim, trace
from .resolving import resolve
from .sky import exp_negative

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


@kernel
def sweep(
    functions,
    part,
    parts,
    page,
    directions,
    poses,
    origins,
    times,
    per_column,
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
    """Measure one part of the rows of a table of directions (R, C, 3).

    Part k takes the rows k, k + parts, ... ``origins`` is (R, C, 3), or (1, C, 3) for all rows;
    ``normals`` may be (0, 0, 0) when they are not wanted.
    """
    intersect, _, root, arguments = functions
    page_i = page.view(np.int32)
    address = page.ctypes.data
    columns = directions.shape[1]
    for row in range(part, directions.shape[0], parts):
        for first in range(0, columns, LANES):
            count = min(LANES, columns - first)
            for lane in range(count):
                column = first + lane
                x, y = directions[row, column, 0], directions[row, column, 1]
                z = directions[row, column, 2]
                k = column if per_column else 0
                aim(page, page_i, lane, x, y, z, poses, k, times[k])
                above = row if len(origins) > 1 else 0
                for axis in range(3):
                    page[ORIGIN + LANES * axis + lane] = origins[above, column, axis]
            for lane in range(count, LANES):
                page_i[VALID + lane] = np.int32(0)
            trace(page, page_i, address, reach, intersect, root, arguments)
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
