"""How a picture's error changes with every Gaussian: the blend of a tile, and the way back.

With weights w = T a of Gaussians in order and the colour C = sum w c + T_end sky, the derivative
by an opacity a is T c - (C - what is of it and of those before) / (1 - a). A response
exp(-|p|^2 / 2), with p the nearest point of the ray in the Gaussian's sigmas, changes by p_k^2 of
itself with the logarithm of scale k, and by M^T p with the mean, M taking metres to sigmas: along
the ray the nearest point's distance does not change to first order.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from ...rendering.engines.jit import inlined, kernel
from ..drawing.blend import aim
from ..drawing.project import TILE
from ..drawing.response import (
    HIT,
    PIXELS,
    PLANES,
    WEIGHT,
    B,
    G,
    R,
    T,
    X,
    Y,
    Z,
    respond,
    seen_from,
    sigmas_of,
)

f32 = np.float32

GRADIENT = 10
"""Columns of a gradient: by colour (3), opacity, logarithms of scales (3), mean (3)."""
# Planes beside those of the blend: the error's derivative by each colour, and that times what is
# before and in all.
_BY_R, _BY_G, _BY_B = (np.uint64(PLANES + k * PIXELS) for k in range(3))
_BEFORE, _ALL = np.uint64(PLANES + 3 * PIXELS), np.uint64(PLANES + 4 * PIXELS)
SCRATCH = PLANES + 5 * PIXELS


@inlined
def _answer(planes, base, line, n, body, records, motion, limits):
    """Write weights and distances at 16 rays; return (any met, matrix to sigmas, sensor there)."""
    own, mean = sigmas_of(records, n)
    m, origin = seen_from(own, mean, motion, line, body)
    met = respond(planes, base, m, origin, records[n, 12], limits)
    return met, m, origin


@inlined
def _compared(planes, first, left, rays, target, sky, behind):
    """Write the error's derivatives of a blended tile, whose light is all there again.

    Return its sum of squares.
    """
    lines, samples = rays.shape[0], rays.shape[1]
    total = 0.0
    for row in range(TILE):
        for k in range(TILE):
            p = np.uint64(row * TILE + k)
            line, sample = first + row, left + k
            planes[_BY_R + p] = planes[_BY_G + p] = planes[_BY_B + p] = f32(0.0)
            planes[_BEFORE + p] = planes[_ALL + p] = f32(0.0)
            passed = planes[T + p]
            seen = planes[X + p] != f32(0.0) or planes[Y + p] != f32(0.0)
            seen = seen or planes[Z + p] != f32(0.0)
            planes[T + p] = f32(1.0) if seen else f32(0.0)
            if not seen or line >= lines or sample >= samples:
                continue
            if target[line, sample, 0] < f32(0.0):
                continue
            at_end = sky[line, sample]
            red = planes[R + p] + passed * at_end[0] - target[line, sample, 0]
            green = planes[G + p] + passed * at_end[1] - target[line, sample, 1]
            blue = planes[B + p] + passed * at_end[2] - target[line, sample, 2]
            behind[line, sample, 0], behind[line, sample, 1] = passed * red, passed * green
            behind[line, sample, 2], behind[line, sample, 3] = passed * blue, passed
            total += red * red + green * green + blue * blue
            red, green, blue = f32(2.0) * red, f32(2.0) * green, f32(2.0) * blue
            planes[_BY_R + p], planes[_BY_G + p], planes[_BY_B + p] = red, green, blue
            planes[_ALL + p] = (
                red * (planes[R + p] + passed * at_end[0])
                + green * (planes[G + p] + passed * at_end[1])
                + blue * (planes[B + p] + passed * at_end[2])
            )
    return total


@kernel
def descend(
    part,
    parts,
    tiles,
    across,
    starts,
    entries,
    records,
    bodies,
    motion,
    rays,
    apart,
    far,
    target,
    sky,
    rules,
    planes,
    errors,
    gradients,
    behind,
):
    """Blend one part of the tiles, and follow the sum of squared errors back to the Gaussians.

    The first arguments are those of ``blend``. ``target`` and ``sky`` (lines, samples, 3) are what
    is wanted, negative where that is not known, and what lies behind all. ``planes`` (SCRATCH,) is
    scratch. Outputs: ``errors`` (tiles,), the sum of squares of each; ``gradients`` (entries,
    GRADIENT), its derivatives by the Gaussian of each entry, for this tile alone; ``behind``, see
    ``Slope``, left as it is where nothing is wanted.
    """
    lines, samples = rays.shape[0], rays.shape[1]
    least, high = f32(rules.min_transmittance), f32(rules.max_alpha)
    limits = (f32(rules.most_squared), f32(rules.min_alpha), high, least)
    everything = np.uint32((1 << TILE) - 1)
    for index in range(part, len(tiles), parts):
        tile = tiles[index]
        first, left = (tile // across) * TILE, (tile % across) * TILE
        empty = aim(
            planes,
            np.uint32(0),
            motion.ray_turns,
            rays,
            apart,
            far,
            first,
            left,
            lines,
            samples,
        )
        dead, last = empty, starts[tile]
        for entry in range(starts[tile], starts[tile + 1]):
            if dead == everything:
                break
            last = entry + 1
            n = entries[entry]
            for row in range(TILE):
                if dead & (np.uint32(1) << np.uint32(row)):
                    continue
                base = np.uint64(row * TILE)
                met, _, _ = _answer(
                    planes, base, first + row, n, bodies[n], records, motion, limits
                )
                if not met:
                    continue
                alive = np.uint32(0)
                for k in range(np.uint64(TILE)):
                    weight = planes[WEIGHT + k]
                    passed = planes[T + base + k] - weight
                    planes[T + base + k] = passed
                    planes[R + base + k] += weight * records[n, 13]
                    planes[G + base + k] += weight * records[n, 14]
                    planes[B + base + k] += weight * records[n, 15]
                    alive = np.uint32(alive | np.uint32(passed >= least))
                if not alive:
                    dead |= np.uint32(1) << np.uint32(row)
        errors[tile] = _compared(planes, first, left, rays, target, sky, behind)
        dead = empty
        gradients[last : starts[tile + 1]] = f32(0.0)
        for entry in range(starts[tile], last):
            n = entries[entry]
            opacity = records[n, 12]
            red, green, blue = f32(0.0), f32(0.0), f32(0.0)
            by_opacity, s0, s1, s2 = f32(0.0), f32(0.0), f32(0.0), f32(0.0)
            px, py, pz = f32(0.0), f32(0.0), f32(0.0)
            for row in range(TILE):
                if dead & (np.uint32(1) << np.uint32(row)):
                    continue
                base = np.uint64(row * TILE)
                met, m, origin = _answer(
                    planes, base, first + row, n, bodies[n], records, motion, limits
                )
                if not met:
                    continue
                alive = np.uint32(0)
                for k in range(np.uint64(TILE)):
                    left_over = planes[T + base + k] - planes[WEIGHT + k]
                    alive = np.uint32(alive | np.uint32(left_over >= least))
                if not alive:
                    dead |= np.uint32(1) << np.uint32(row)
                for k in range(np.uint64(TILE)):
                    weight = planes[WEIGHT + k]
                    if weight <= f32(0.0):
                        continue
                    p = base + k
                    passed = planes[T + p]
                    alpha = weight / passed
                    by_r, by_g, by_b = planes[_BY_R + p], planes[_BY_G + p], planes[_BY_B + p]
                    red += weight * by_r
                    green += weight * by_g
                    blue += weight * by_b
                    own = records[n, 13] * by_r + records[n, 14] * by_g + records[n, 15] * by_b
                    before = planes[_BEFORE + p] + weight * own
                    planes[_BEFORE + p] = before
                    planes[T + p] = passed - weight
                    if alpha >= high:
                        continue
                    slope = passed * own - (planes[_ALL + p] - before) / (f32(1.0) - alpha)
                    by_opacity += slope * alpha / opacity
                    slope *= alpha
                    distance = planes[HIT + k]
                    dx, dy, dz = planes[X + p], planes[Y + p], planes[Z + p]
                    u = origin[0] + distance * (m[0] * dx + m[1] * dy + m[2] * dz)
                    v = origin[1] + distance * (m[3] * dx + m[4] * dy + m[5] * dz)
                    w = origin[2] + distance * (m[6] * dx + m[7] * dy + m[8] * dz)
                    s0, s1, s2 = s0 + slope * u * u, s1 + slope * v * v, s2 + slope * w * w
                    px, py, pz = px + slope * u, py + slope * v, pz + slope * w
            gradients[entry, 0], gradients[entry, 1], gradients[entry, 2] = red, green, blue
            gradients[entry, 3] = by_opacity
            gradients[entry, 4], gradients[entry, 5], gradients[entry, 6] = s0, s1, s2
            for axis in range(3):
                gradients[entry, 7 + axis] = (
                    records[n, axis] * px + records[n, 3 + axis] * py + records[n, 6 + axis] * pz
                )


@kernel
def gather(entries, gradients, sums):
    """Add the rows of ``gradients`` up by Gaussian, in their order, to ``sums`` (N, GRADIENT)."""
    for entry in range(len(entries)):
        n = entries[entry]
        for k in range(GRADIENT):
            sums[n, k] += gradients[entry, k]
