"""How strongly a Gaussian answers along rays, 16 at once, and the memory that a tile works in.

A tile's rows of 16 pixels are worked on at once. Per-pixel values lie in one flat array, plane by
plane, with unsigned positions: so the compiler sees that planes do not overlap and that no index
is negative, and keeps the inner loop in vector registers.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from ...rendering.engines.jit import inlined
from .project import TILE

f32 = np.float32

PIXELS = TILE * TILE
# Planes of a tile: ray, transmittance, colour, distance, limit, half-way distance, top weight, and
# where a ray starts beside its line's place.
X, Y, Z = np.uint64(0), np.uint64(PIXELS), np.uint64(2 * PIXELS)
T = np.uint64(3 * PIXELS)
R, G, B = np.uint64(4 * PIXELS), np.uint64(5 * PIXELS), np.uint64(6 * PIXELS)
DEPTH, FAR = np.uint64(7 * PIXELS), np.uint64(8 * PIXELS)
HALF, TOP = np.uint64(9 * PIXELS), np.uint64(10 * PIXELS)
DX, DY, DZ = np.uint64(11 * PIXELS), np.uint64(12 * PIXELS), np.uint64(13 * PIXELS)
WEIGHT = np.uint64(14 * PIXELS)
HIT = np.uint64(14 * PIXELS + TILE)
PLANES = 14 * PIXELS + 2 * TILE

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
def _meet(ax, ay, az, ox, oy, oz, opacity, high):
    """Return (squared distance, alpha, distance along it) of a ray in a Gaussian's sigmas.

    The squared distance of ray and mean is that of their cross product, which keeps its digits for
    flat Gaussians.
    """
    cx, cy, cz = ay * oz - az * oy, az * ox - ax * oz, ax * oy - ay * ox
    inverse = f32(1.0) / (ax * ax + ay * ay + az * az)
    square = (cx * cx + cy * cy + cz * cz) * inverse
    alpha = min(opacity * _exp(f32(0.5) * min(square, _MOST_SQUARE)), high)
    return square, alpha, -(ax * ox + ay * oy + az * oz) * inverse


@inlined
def respond(planes, base, m, origin, opacity, limits):
    """Write weight and distance of a Gaussian at the 16 rays from ``base`` on; say if any meets it.

    The nine of ``m`` take directions to the Gaussian's sigmas, where ``origin`` is the sensor.
    ``limits`` are (largest squared distance, least alpha, most alpha, least transmittance).
    """
    m0, m1, m2, m3, m4, m5, m6, m7, m8 = m
    ox, oy, oz = origin
    squared, low, high, least = limits
    met = np.uint32(0)
    for k in range(np.uint64(TILE)):
        p = base + k
        dx, dy, dz = planes[X + p], planes[Y + p], planes[Z + p]
        square, alpha, distance = _meet(
            m0 * dx + m1 * dy + m2 * dz,
            m3 * dx + m4 * dy + m5 * dz,
            m6 * dx + m7 * dy + m8 * dz,
            ox,
            oy,
            oz,
            opacity,
            high,
        )
        passed = planes[T + p]
        hit = (square < squared) & (alpha > low) & (distance > f32(0.0))
        hit = hit & (distance < planes[FAR + p]) & (passed >= least)
        planes[WEIGHT + k] = passed * alpha if hit else f32(0.0)
        planes[HIT + k] = distance
        met = np.uint32(met | np.uint32(hit))  # of 32 bits, or lanes would be halved
    return met


@inlined
def respond_apart(planes, base, m, origin, opacity, limits):
    """Do what ``respond`` does for rays that each start beside their line's place."""
    m0, m1, m2, m3, m4, m5, m6, m7, m8 = m
    ox, oy, oz = origin
    squared, low, high, least = limits
    met = np.uint32(0)
    for k in range(np.uint64(TILE)):
        p = base + k
        dx, dy, dz = planes[X + p], planes[Y + p], planes[Z + p]
        sx, sy, sz = planes[DX + p], planes[DY + p], planes[DZ + p]
        square, alpha, distance = _meet(
            m0 * dx + m1 * dy + m2 * dz,
            m3 * dx + m4 * dy + m5 * dz,
            m6 * dx + m7 * dy + m8 * dz,
            ox + m0 * sx + m1 * sy + m2 * sz,
            oy + m3 * sx + m4 * sy + m5 * sz,
            oz + m6 * sx + m7 * sy + m8 * sz,
            opacity,
            high,
        )
        passed = planes[T + p]
        hit = (square < squared) & (alpha > low) & (distance > f32(0.0))
        hit = hit & (distance < planes[FAR + p]) & (passed >= least)
        planes[WEIGHT + k] = passed * alpha if hit else f32(0.0)
        planes[HIT + k] = distance
        met = np.uint32(met | np.uint32(hit))
    return met


@inlined
def _turned(m, turn):
    """Return the nine of ``m`` times a (3, 3) rotation."""
    m0, m1, m2, m3, m4, m5, m6, m7, m8 = m
    return (
        m0 * turn[0, 0] + m1 * turn[1, 0] + m2 * turn[2, 0],
        m0 * turn[0, 1] + m1 * turn[1, 1] + m2 * turn[2, 1],
        m0 * turn[0, 2] + m1 * turn[1, 2] + m2 * turn[2, 2],
        m3 * turn[0, 0] + m4 * turn[1, 0] + m5 * turn[2, 0],
        m3 * turn[0, 1] + m4 * turn[1, 1] + m5 * turn[2, 1],
        m3 * turn[0, 2] + m4 * turn[1, 2] + m5 * turn[2, 2],
        m6 * turn[0, 0] + m7 * turn[1, 0] + m8 * turn[2, 0],
        m6 * turn[0, 1] + m7 * turn[1, 1] + m8 * turn[2, 1],
        m6 * turn[0, 2] + m7 * turn[1, 2] + m8 * turn[2, 2],
    )


@inlined
def sigmas_of(records, n):
    """Return of a record the nine of its matrix from metres to sigmas, and its mean (3), metres."""
    own = (
        records[n, 0],
        records[n, 1],
        records[n, 2],
        records[n, 3],
        records[n, 4],
        records[n, 5],
        records[n, 6],
        records[n, 7],
        records[n, 8],
    )
    return own, (records[n, 9], records[n, 10], records[n, 11])


@inlined
def seen_from(own, mean, motion, line, body):
    """Return at a line the nine that take directions to sigmas, and there the sensor's place."""
    m0, m1, m2, m3, m4, m5, m6, m7, m8 = own
    x = motion.origins[line, body, 0] - mean[0]
    y = motion.origins[line, body, 1] - mean[1]
    z = motion.origins[line, body, 2] - mean[2]
    origin = (m0 * x + m1 * y + m2 * z, m3 * x + m4 * y + m5 * z, m6 * x + m7 * y + m8 * z)
    return _turned(own, motion.turns[line, body]) if body > 0 else own, origin
