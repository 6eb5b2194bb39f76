"""From tile lists to pixels: every Gaussian's response along the exact ray of each pixel.

A tile's rows of 16 pixels are worked on at once. Per-pixel values lie in one flat array, plane by
plane, with unsigned positions: so the compiler sees that planes do not overlap and that no index
is negative, and keeps the inner loop in vector registers.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from ...rendering.engines.jit import inlined, kernel
from .project import TILE

f32 = np.float32

PIXELS = TILE * TILE
# Planes of a tile: ray, transmittance, colour, distance, limit, half-way distance, top weight.
_X, _Y, _Z = np.uint64(0), np.uint64(PIXELS), np.uint64(2 * PIXELS)
_T = np.uint64(3 * PIXELS)
_R, _G, _B = np.uint64(4 * PIXELS), np.uint64(5 * PIXELS), np.uint64(6 * PIXELS)
_DEPTH, _FAR = np.uint64(7 * PIXELS), np.uint64(8 * PIXELS)
_HALF, _TOP = np.uint64(9 * PIXELS), np.uint64(10 * PIXELS)
_WEIGHT = np.uint64(11 * PIXELS)
_HIT = np.uint64(11 * PIXELS + TILE)
PLANES = 11 * PIXELS + 2 * TILE

_MOST_SQUARE = f32(11.2)
"""Beyond this squared distance no opacity leaves 1/255."""
_E0, _E1, _E2, _E3 = f32(0.99999988), f32(-0.99999017), f32(0.49988634), f32(-0.16617003)
_E4, _E5, _E6 = f32(0.040617883), f32(-0.0071648289), f32(0.00070033502)


@inlined
def _exp(x):
    """Return exp(-x) for x in [0, 5.6], within 1e-6 of it."""
    # The fourth power of Chebyshev's polynomial of exp(-y) on [0, 1.4].
    y = f32(0.25) * x
    e = _E6 * y + _E5
    e = e * y + _E4
    e = e * y + _E3
    e = e * y + _E2
    e = e * y + _E1
    e = e * y + _E0
    e *= e
    return e * e


@inlined
def _aim(planes, dead, ray_turns, rays, far, first, left, lines, samples):
    """Begin a tile: rays in the scene's frame, everything clear; return which rows show nothing."""
    for row in range(TILE):
        base = np.uint64(row * TILE)
        line = first + row
        for k in range(np.uint64(TILE)):
            p = base + k
            planes[_X + p] = planes[_Y + p] = planes[_Z + p] = f32(0.0)
            planes[_T + p] = f32(0.0)
            planes[_R + p] = planes[_G + p] = planes[_B + p] = f32(0.0)
            planes[_DEPTH + p] = planes[_TOP + p] = f32(0.0)
            planes[_HALF + p] = planes[_FAR + p] = f32(np.inf)
        if line >= lines:
            dead |= np.uint32(1) << np.uint32(row)
            continue
        turn = ray_turns[line]
        for k in range(min(TILE, samples - left)):
            x, y, z = rays[line, left + k, 0], rays[line, left + k, 1], rays[line, left + k, 2]
            p = base + np.uint64(k)
            planes[_X + p] = turn[0, 0] * x + turn[0, 1] * y + turn[0, 2] * z
            planes[_Y + p] = turn[1, 0] * x + turn[1, 1] * y + turn[1, 2] * z
            planes[_Z + p] = turn[2, 0] * x + turn[2, 1] * y + turn[2, 2] * z
            if x * x + y * y + z * z > f32(0.0):
                planes[_T + p] = f32(1.0)
            if far.shape[0] > 0:
                planes[_FAR + p] = far[line, left + k]
    return dead


@inlined
def _respond(
    planes, base, m0, m1, m2, m3, m4, m5, m6, m7, m8, ox, oy, oz, opacity, squared, low, high, least
):
    """Write weight and distance of a Gaussian at 16 rays; say whether any of them meets it.

    Nine numbers take directions to the Gaussian's sigmas, (ox, oy, oz) is the sensor there. The
    squared distance of ray and mean is that of their cross product, which keeps its digits for
    flat Gaussians.
    """
    met = np.uint32(0)
    for k in range(np.uint64(TILE)):
        p = base + k
        dx, dy, dz = planes[_X + p], planes[_Y + p], planes[_Z + p]
        ax = m0 * dx + m1 * dy + m2 * dz
        ay = m3 * dx + m4 * dy + m5 * dz
        az = m6 * dx + m7 * dy + m8 * dz
        cx, cy, cz = ay * oz - az * oy, az * ox - ax * oz, ax * oy - ay * ox
        inverse = f32(1.0) / (ax * ax + ay * ay + az * az)
        square = (cx * cx + cy * cy + cz * cz) * inverse
        distance = -(ax * ox + ay * oy + az * oz) * inverse
        alpha = min(opacity * _exp(f32(0.5) * min(square, _MOST_SQUARE)), high)
        passed = planes[_T + p]
        hit = (
            (square < squared)
            & (alpha > low)
            & (distance > f32(0.0))
            & (distance < planes[_FAR + p])
            & (passed >= least)
        )
        planes[_WEIGHT + k] = passed * alpha if hit else f32(0.0)
        planes[_HIT + k] = distance
        met = np.uint32(met | np.uint32(hit))  # of 32 bits, or lanes would be halved
    return met


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

    ``tiles`` are the numbers of all tiles, of which part k takes k, k + parts, ...; ``far`` (lines,
    samples), or empty, is where each ray ends, metres. ``planes`` (PLANES,) and ``tops`` (PIXELS,)
    are scratch. ``wanted`` says whether ``half`` and ``heaviest`` are. Outputs, by (line, sample):
    ``colour`` (.., 3), premultiplied; ``transmittance``; ``depth``, the sum of weight times
    distance; ``half``, where less than half of the light passes first (inf: nowhere);
    ``heaviest``, the number of the Gaussian of the largest weight, -1 without any.
    """
    lines, samples = rays.shape[0], rays.shape[1]
    squared, low = f32(rules.most_squared), f32(rules.min_alpha)
    high, least = f32(rules.max_alpha), f32(rules.min_transmittance)
    want_half, want_heaviest = wanted
    everything = np.uint32((1 << TILE) - 1)
    for index in range(part, len(tiles), parts):
        tile = tiles[index]
        first, left = (tile // across) * TILE, (tile % across) * TILE
        dead = _aim(planes, np.uint32(0), motion.ray_turns, rays, far, first, left, lines, samples)
        if want_heaviest:
            for k in range(PIXELS):
                tops[k] = np.int32(-1)
        for entry in range(starts[tile], starts[tile + 1]):
            n = entries[entry]
            body = bodies[n]
            m0, m1, m2 = records[n, 0], records[n, 1], records[n, 2]
            m3, m4, m5 = records[n, 3], records[n, 4], records[n, 5]
            m6, m7, m8 = records[n, 6], records[n, 7], records[n, 8]
            mx, my, mz = records[n, 9], records[n, 10], records[n, 11]
            opacity = records[n, 12]
            red, green, blue = records[n, 13], records[n, 14], records[n, 15]
            for row in range(TILE):
                if dead & (np.uint32(1) << np.uint32(row)):
                    continue
                base = np.uint64(row * TILE)
                line = first + row
                x = motion.origins[line, body, 0] - mx
                y = motion.origins[line, body, 1] - my
                z = motion.origins[line, body, 2] - mz
                ox = m0 * x + m1 * y + m2 * z
                oy = m3 * x + m4 * y + m5 * z
                oz = m6 * x + m7 * y + m8 * z
                a0, a1, a2, a3, a4, a5, a6, a7, a8 = m0, m1, m2, m3, m4, m5, m6, m7, m8
                if body > 0:
                    turn = motion.turns[line, body]
                    a0 = m0 * turn[0, 0] + m1 * turn[1, 0] + m2 * turn[2, 0]
                    a1 = m0 * turn[0, 1] + m1 * turn[1, 1] + m2 * turn[2, 1]
                    a2 = m0 * turn[0, 2] + m1 * turn[1, 2] + m2 * turn[2, 2]
                    a3 = m3 * turn[0, 0] + m4 * turn[1, 0] + m5 * turn[2, 0]
                    a4 = m3 * turn[0, 1] + m4 * turn[1, 1] + m5 * turn[2, 1]
                    a5 = m3 * turn[0, 2] + m4 * turn[1, 2] + m5 * turn[2, 2]
                    a6 = m6 * turn[0, 0] + m7 * turn[1, 0] + m8 * turn[2, 0]
                    a7 = m6 * turn[0, 1] + m7 * turn[1, 1] + m8 * turn[2, 1]
                    a8 = m6 * turn[0, 2] + m7 * turn[1, 2] + m8 * turn[2, 2]
                met = _respond(
                    planes,
                    base,
                    a0,
                    a1,
                    a2,
                    a3,
                    a4,
                    a5,
                    a6,
                    a7,
                    a8,
                    ox,
                    oy,
                    oz,
                    opacity,
                    squared,
                    low,
                    high,
                    least,
                )
                if not met:
                    continue
                alive = np.uint32(0)
                for k in range(np.uint64(TILE)):
                    p = base + k
                    weight = planes[_WEIGHT + k]
                    passed = planes[_T + p] - weight
                    planes[_T + p] = passed
                    planes[_R + p] += weight * red
                    planes[_G + p] += weight * green
                    planes[_B + p] += weight * blue
                    planes[_DEPTH + p] += weight * (
                        planes[_HIT + k] if weight > f32(0.0) else f32(0.0)
                    )
                    alive = np.uint32(alive | np.uint32(passed >= least))
                if not alive:
                    dead |= np.uint32(1) << np.uint32(row)
                if want_half:
                    for k in range(np.uint64(TILE)):
                        p = base + k
                        if (
                            planes[_WEIGHT + k] > f32(0.0)
                            and planes[_T + p] < f32(0.5)
                            and planes[_HALF + p] == f32(np.inf)
                        ):
                            planes[_HALF + p] = planes[_HIT + k]
                if want_heaviest:
                    for k in range(np.uint64(TILE)):
                        p = base + k
                        if planes[_WEIGHT + k] > planes[_TOP + p]:
                            planes[_TOP + p] = planes[_WEIGHT + k]
                            tops[p] = np.int32(n)
            if dead == everything:
                break
        for row in range(min(TILE, lines - first)):
            for k in range(min(TILE, samples - left)):
                p = np.uint64(row * TILE + k)
                line, sample = first + row, left + k
                colour[line, sample, 0] = planes[_R + p]
                colour[line, sample, 1] = planes[_G + p]
                colour[line, sample, 2] = planes[_B + p]
                seen = planes[_X + p] != f32(0.0) or planes[_Y + p] != f32(0.0)
                seen = seen or planes[_Z + p] != f32(0.0)
                transmittance[line, sample] = planes[_T + p] if seen else f32(1.0)
                depth[line, sample] = planes[_DEPTH + p]
                if want_half:
                    half[line, sample] = planes[_HALF + p]
                if want_heaviest:
                    heaviest[line, sample] = tops[p]
