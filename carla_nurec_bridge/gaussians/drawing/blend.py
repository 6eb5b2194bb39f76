"""From tile lists to pixels: every Gaussian's response along the exact ray of each pixel."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from ...rendering.engines.jit import inlined, kernel
from .project import TILE
from .response import (
    DEPTH,
    DX,
    DY,
    DZ,
    FAR,
    HALF,
    HIT,
    PIXELS,
    TOP,
    WEIGHT,
    B,
    G,
    R,
    T,
    X,
    Y,
    Z,
    respond,
    respond_apart,
    seen_from,
    sigmas_of,
)

f32 = np.float32


@inlined
def aim(planes, dead, ray_turns, rays, starts, far, first, left, lines, samples):
    """Begin a tile: rays in the scene's frame, everything clear; return which rows show nothing."""
    for row in range(TILE):
        base = np.uint64(row * TILE)
        line = first + row
        for k in range(np.uint64(TILE)):
            p = base + k
            planes[X + p] = planes[Y + p] = planes[Z + p] = f32(0.0)
            planes[T + p] = f32(0.0)
            planes[R + p] = planes[G + p] = planes[B + p] = f32(0.0)
            planes[DEPTH + p] = planes[TOP + p] = f32(0.0)
            planes[HALF + p] = planes[FAR + p] = f32(np.inf)
        if line >= lines:
            dead |= np.uint32(1) << np.uint32(row)
            continue
        turn = ray_turns[line]
        for k in range(min(TILE, samples - left)):
            x, y, z = rays[line, left + k, 0], rays[line, left + k, 1], rays[line, left + k, 2]
            p = base + np.uint64(k)
            planes[X + p] = turn[0, 0] * x + turn[0, 1] * y + turn[0, 2] * z
            planes[Y + p] = turn[1, 0] * x + turn[1, 1] * y + turn[1, 2] * z
            planes[Z + p] = turn[2, 0] * x + turn[2, 1] * y + turn[2, 2] * z
            if x * x + y * y + z * z > f32(0.0):
                planes[T + p] = f32(1.0)
            if far.shape[0] > 0:
                planes[FAR + p] = far[line, left + k]
            if starts.shape[0] > 0:
                planes[DX + p] = starts[line, left + k, 0]
                planes[DY + p] = starts[line, left + k, 1]
                planes[DZ + p] = starts[line, left + k, 2]
    return dead


@kernel
def blend(
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
    rules,
    wanted,
    planes,
    tops,
    colour,
    transmittance,
    depth,
    half,
    heaviest,
):
    """Blend one part of the tiles, front to back.

    ``tiles`` are the numbers of all tiles, of which part k takes k, k + parts, ...; ``apart``
    (lines, samples, 3), or empty, is where rays start beside the sensor's place at their line, in
    the scene's frame; ``far`` (lines, samples), or empty, is where they end, metres. ``planes``
    (PLANES,) and ``tops`` (PIXELS,) are scratch. ``wanted`` says whether ``half`` and ``heaviest``
    are. Outputs, by (line, sample): ``colour`` (.., 3), premultiplied; ``transmittance``;
    ``depth``, the sum of weight times distance; ``half``, where less than half of the light passes
    first (inf: nowhere); ``heaviest``, the number of the Gaussian of the largest weight, -1 without
    any.
    """
    lines, samples = rays.shape[0], rays.shape[1]
    least = f32(rules.min_transmittance)
    limits = (f32(rules.most_squared), f32(rules.min_alpha), f32(rules.max_alpha), least)
    want_half, want_heaviest = wanted
    everything = np.uint32((1 << TILE) - 1)
    for index in range(part, len(tiles), parts):
        tile = tiles[index]
        first, left = (tile // across) * TILE, (tile % across) * TILE
        dead = aim(
            planes, np.uint32(0), motion.ray_turns, rays, apart, far, first, left, lines, samples
        )
        if want_heaviest:
            for k in range(PIXELS):
                tops[k] = np.int32(-1)
        for entry in range(starts[tile], starts[tile + 1]):
            n = entries[entry]
            body = bodies[n]
            own, mean = sigmas_of(records, n)
            opacity = records[n, 12]
            red, green, blue = records[n, 13], records[n, 14], records[n, 15]
            for row in range(TILE):
                if dead & (np.uint32(1) << np.uint32(row)):
                    continue
                base = np.uint64(row * TILE)
                line = first + row
                m, origin = seen_from(own, mean, motion, line, body)
                if apart.shape[0] > 0:
                    met = respond_apart(planes, base, m, origin, opacity, limits)
                else:
                    met = respond(planes, base, m, origin, opacity, limits)
                if not met:
                    continue
                alive = np.uint32(0)
                for k in range(np.uint64(TILE)):
                    p = base + k
                    weight = planes[WEIGHT + k]
                    passed = planes[T + p] - weight
                    planes[T + p] = passed
                    planes[R + p] += weight * red
                    planes[G + p] += weight * green
                    planes[B + p] += weight * blue
                    planes[DEPTH + p] += weight * (
                        planes[HIT + k] if weight > f32(0.0) else f32(0.0)
                    )
                    alive = np.uint32(alive | np.uint32(passed >= least))
                if not alive:
                    dead |= np.uint32(1) << np.uint32(row)
                if want_half:
                    for k in range(np.uint64(TILE)):
                        p = base + k
                        if (
                            planes[WEIGHT + k] > f32(0.0)
                            and planes[T + p] < f32(0.5)
                            and planes[HALF + p] == f32(np.inf)
                        ):
                            planes[HALF + p] = planes[HIT + k]
                if want_heaviest:
                    for k in range(np.uint64(TILE)):
                        p = base + k
                        if planes[WEIGHT + k] > planes[TOP + p]:
                            planes[TOP + p] = planes[WEIGHT + k]
                            tops[p] = np.int32(n)
            if dead == everything:
                break
        for row in range(min(TILE, lines - first)):
            for k in range(min(TILE, samples - left)):
                p = np.uint64(row * TILE + k)
                line, sample = first + row, left + k
                colour[line, sample, 0] = planes[R + p]
                colour[line, sample, 1] = planes[G + p]
                colour[line, sample, 2] = planes[B + p]
                seen = planes[X + p] != f32(0.0) or planes[Y + p] != f32(0.0)
                seen = seen or planes[Z + p] != f32(0.0)
                transmittance[line, sample] = planes[T + p] if seen else f32(1.0)
                depth[line, sample] = planes[DEPTH + p]
                if want_half:
                    half[line, sample] = planes[HALF + p]
                if want_heaviest:
                    heaviest[line, sample] = tops[p]
