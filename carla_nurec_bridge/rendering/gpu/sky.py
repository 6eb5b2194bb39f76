"""The colour of the sky on the GPU, as ``kernels.sky`` has it."""

from __future__ import annotations

import warp as wp

from ..kernels.sky import HAZE_LAYER_M
from .tables import Light

_PER_LAYER = 1.0 / HAZE_LAYER_M


@wp.func
def exp_negative(x: float) -> float:
    """Return e^-x for x >= 0 by the polynomial of the other engines."""
    y = 1.0 + x * (0.125 + x * (0.0078125 + x * (1.0 / 3072.0 + x * (1.0 / 98304.0))))
    y = y * y
    y = y * y
    y = y * y
    return 1.0 / y


@wp.func
def left_by_haze(haze_per_m: float, distance: float, rise: float) -> float:
    """Return the share of light that haze lets through on a way that climbs by ``rise`` metres."""
    return exp_negative(distance * haze_per_m / (1.0 + wp.abs(rise) * wp.static(_PER_LAYER)))


@wp.func
def lattice(i: int, j: int) -> float:
    """Return a fixed random value in -1 to 1 for a point of the integer grid."""
    h = (wp.uint32(i) * wp.uint32(0x27D4EB2D)) ^ (wp.uint32(j) * wp.uint32(0x165667B1))
    h = (h ^ (h >> wp.uint32(15))) * wp.uint32(0x2C1B3C6D)
    h = h ^ (h >> wp.uint32(13))
    return float(int(h & wp.uint32(0xFFFF))) * (1.0 / 32768.0) - 1.0


@wp.func
def noise(u: float, v: float) -> float:
    """Return smooth noise in -1 to 1 that varies over about one unit of u and v."""
    i = int(wp.floor(u))
    j = int(wp.floor(v))
    a = u - float(i)
    b = v - float(j)
    a = a * a * (3.0 - a - a)
    b = b * b * (3.0 - b - b)
    low = lattice(i, j)
    low = low + a * (lattice(i + 1, j) - low)
    high = lattice(i, j + 1)
    high = high + a * (lattice(i + 1, j + 1) - high)
    return low + b * (high - low)


@wp.func
def power_32(x: float) -> float:
    """Return x^32 by squaring."""
    y = x * x
    y = y * y
    y = y * y
    y = y * y
    return y * y


@wp.func
def clear_sky(light: Light, direction: wp.vec3) -> wp.vec3:
    """Return the linear colour of the cloudless sky in a unit direction, without the disc."""
    low = 1.0 - wp.max(direction[2], 0.0)
    low = low * low * low
    towards = wp.max(wp.dot(direction, light.to_sun), 0.0)
    wide = towards * towards
    glow = 0.14 * wide * wide * wide + 0.5 * power_32(towards * towards)
    return light.zenith + low * (light.horizon - light.zenith) + glow * light.glow


@wp.func
def sky_colour(light: Light, direction: wp.vec3) -> wp.vec3:
    """Return the linear colour seen in a unit direction: sky, sun and clouds."""
    clear = clear_sky(light, direction)
    reach = 1.6 / (wp.max(direction[2], 0.0) + 0.10)
    u = direction[0] * reach
    v = direction[1] * reach
    shape = noise(u, v) + 0.5 * noise(u * 2.1 + 17.0, v * 2.1)
    shape = shape + 0.25 * noise(u * 4.3, v * 4.3 + 5.0) + 0.12 * noise(u * 9.1, v * 9.1)
    cover = wp.clamp((shape + 2.4 * light.cloudiness - 0.55) * 1.2, 0.0, 1.0)
    cover = 0.8 * cover * wp.clamp(direction[2] * 5.0, 0.0, 1.0)
    clouded = clear + cover * (light.cloud - clear)
    disc = wp.clamp((wp.dot(direction, light.to_sun) - 0.99985) * 20000.0, 0.0, 1.0)
    return clouded + (disc * (1.0 - cover) * 4.0) * light.sun
