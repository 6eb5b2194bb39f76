"""The light of a scene as numbers for kernels, and the colour of the sky in a direction."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..engines.jit import inlined, once
from ..engines.native import hashed
from ..lighting import Lighting

f32 = np.float32
DISPLAY_STEPS = 16384
DISPLAY_RANGE = 4.0
SRGB_GAMMA = 2.2
HAZE_LAYER_M = 150.0


class LightTable(NamedTuple):
    """Hold the light as arrays: what a parallel kernel can be given.

    * colours: float32 (8, 3), linear, rows as the fields of ``SkyLight`` from ``to_sun`` to
      ``cloud``.
    * air: float32 (6,), haze per metre, cloudiness, wetness, and of the fog extinction per metre,
      first distance and thinning per metre of height.
    * lamps: float32 (L, 11), place, direction, colour, cosine of the outer angle, and one over the
      cosines' difference from outer to inner.
    * display: uint8 (16385,), display byte of linear light 0 to 4, with a soft shoulder; the last
      entry is for pixels outside the lens.
    """

    colours: NDArray[np.float32]
    air: NDArray[np.float32]
    lamps: NDArray[np.float32]
    display: NDArray[np.uint8]


class SkyLight(NamedTuple):
    """Hold the light as values, which the compiler can keep in registers; three float32 each.

    * to_sun, sun: direction (map frame) and colour of the direct light.
    * above, below: light on faces that look up and down.
    * zenith, horizon, glow, cloud: colours of the sky.
    """

    to_sun: tuple[np.float32, np.float32, np.float32]
    sun: tuple[np.float32, np.float32, np.float32]
    above: tuple[np.float32, np.float32, np.float32]
    below: tuple[np.float32, np.float32, np.float32]
    zenith: tuple[np.float32, np.float32, np.float32]
    horizon: tuple[np.float32, np.float32, np.float32]
    glow: tuple[np.float32, np.float32, np.float32]
    cloud: tuple[np.float32, np.float32, np.float32]
    haze_per_m: np.float32
    cloudiness: np.float32
    wetness: np.float32
    fog_per_m: np.float32
    fog_from_m: np.float32
    fog_thinning_per_m: np.float32


@lru_cache(maxsize=16)
def light_table(light: Lighting) -> LightTable:
    """Return the kernels' view of a lighting."""
    up = np.sin(np.radians(light.sun_altitude_deg))
    day = float(np.clip((up + 0.08) / 0.35, 0.0, 1.0))
    dusk = float(np.exp(-(((up - 0.02) / 0.16) ** 2)))
    cover = light.cloudiness
    grey = np.array([0.62, 0.66, 0.72])
    zenith = np.array([0.09, 0.22, 0.55]) * day + 0.012
    horizon = np.array([0.60, 0.72, 0.86]) * day + np.array([0.38, 0.16, 0.06]) * dusk + 0.02
    zenith = zenith * (1 - cover) + grey * cover * day * 0.9
    horizon = horizon * (1 - 0.7 * cover) + grey * 0.7 * cover * day
    warm = np.array([1.0, 0.93 - 0.35 * dusk, 0.80 - 0.5 * dusk])
    strength = 1.6 * float(np.clip(up * 4.0, 0.0, 1.0)) * (1 - 0.92 * cover)
    above = (0.55 * zenith + 0.45 * horizon) * 0.75 + 0.02 + 0.25 * cover * day
    night = (1.0 - day) * np.array([0.35, 0.55, 1.0])
    colours = (
        light.map_sun_direction,
        warm * strength,
        _tinted(above, night),
        _tinted(above, night) * [0.50, 0.46, 0.42],
        _tinted(zenith, night),
        _tinted(horizon, night),
        warm * (1 - cover),
        _tinted(grey * 1.35 * day + 0.03, night),
    )
    return LightTable(
        colours=np.array(colours, np.float32),
        air=np.array(
            [
                np.log(2.0) / light.haze_m,
                cover,
                light.wetness,
                light.fog_per_m,
                light.fog_from_m,
                light.fog_thinning_per_m,
            ],
            np.float32,
        ),
        lamps=_lamps(light),
        display=_display(light.exposure, light.gamma),
    )


def _tinted(colour: NDArray[np.float64], night: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a light with its last few percent, what the night leaves, turned to the night's."""
    left = np.minimum(colour, 0.03)
    share = float(np.max(night))
    return np.asarray(colour - share * left + left * night)


def _lamps(light: Lighting) -> NDArray[np.float32]:
    rows = []
    for lamp in light.lamps:
        outer, inner = np.cos(np.radians([lamp.outer_deg, lamp.inner_deg]))
        slope = 1.0 / max(inner - outer, 1e-3)
        rows.append([*lamp.place, *lamp.direction, *lamp.colour, outer, slope])
    return np.array(rows, np.float32).reshape(-1, 11)


@lru_cache(maxsize=64)
def _display(exposure: float, gamma: float) -> NDArray[np.uint8]:
    linear = (np.arange(DISPLAY_STEPS) + 0.5) * DISPLAY_RANGE / DISPLAY_STEPS * exposure
    knee = 0.6
    shoulder = knee + (1 - knee) * (1 - np.exp(-(linear - knee) / (1 - knee)))
    shown = np.where(linear < knee, linear, shoulder)
    srgb = np.where(shown <= 0.0031308, shown * 12.92, 1.055 * shown ** (1 / 2.4) - 0.055)
    if gamma != SRGB_GAMMA:
        srgb = srgb ** (SRGB_GAMMA / gamma)
    return np.append(np.round(srgb * 255), 0.0).astype(np.uint8)


@inlined
def _row(colours, k):
    return (colours[k, 0], colours[k, 1], colours[k, 2])


@once
def unpack_light(table):
    """Return the ``SkyLight`` of a ``LightTable``."""
    c = table.colours
    return SkyLight(
        _row(c, 0),
        _row(c, 1),
        _row(c, 2),
        _row(c, 3),
        _row(c, 4),
        _row(c, 5),
        _row(c, 6),
        _row(c, 7),
        table.air[0],
        table.air[1],
        table.air[2],
        table.air[3],
        table.air[4],
        table.air[5],
    )


@inlined
def exp_negative(x):
    """Return e^-x for x >= 0 within 1e-4, without a library call, so that it vectorises."""
    y = f32(1.0) + x * (f32(1 / 8) + x * (f32(1 / 128) + x * (f32(1 / 3072) + x * f32(1 / 98304))))
    y = y * y
    y = y * y
    y = y * y
    return f32(1.0) / y


@inlined
def left_by_haze(haze_per_m, distance, rise):
    """Return the share of light that haze lets through on a way that climbs by ``rise`` metres.

    Haze lies low: even along the ground, whatever its height, and thin for who looks down on it.
    """
    return exp_negative(distance * haze_per_m / (f32(1.0) + abs(rise) * f32(1.0 / HAZE_LAYER_M)))


@inlined
def lattice(i, j):
    """Return a fixed random value in -1 to 1 for a point of the integer grid, int32."""
    return f32(hashed(i, j)) * f32(1 / 32768) - f32(1.0)


@inlined
def noise(u, v):
    """Return smooth noise in -1 to 1 that varies over about one unit of u and v."""
    # Whole numbers as float32 and int32 only: of those with 64 bits a vector holds half as many.
    west, south = f32(np.int32(u)), f32(np.int32(v))
    west = west - f32(1.0) if u < west else west
    south = south - f32(1.0) if v < south else south
    a, b = u - west, v - south
    i, j = np.int32(west), np.int32(south)
    k, m = np.int32(west + f32(1.0)), np.int32(south + f32(1.0))
    a = a * a * (f32(3.0) - a - a)
    b = b * b * (f32(3.0) - b - b)
    low = lattice(i, j)
    low += a * (lattice(k, j) - low)
    high = lattice(i, m)
    high += a * (lattice(k, m) - high)
    return low + b * (high - low)


@inlined
def power_32(x):
    """Return x^32 by squaring."""
    x = x * x
    x = x * x
    x = x * x
    x = x * x
    return x * x


@inlined
def clear_sky(light, x, y, z):
    """Return linear red, green, blue of the cloudless sky in a unit direction, without the disc."""
    low = f32(1.0) - max(z, f32(0.0))
    low = low * low * low
    towards = max(x * light.to_sun[0] + y * light.to_sun[1] + z * light.to_sun[2], f32(0.0))
    wide = towards * towards
    wide = wide * wide * wide
    glow = f32(0.14) * wide + f32(0.5) * power_32(towards * towards)
    return (
        light.zenith[0] + low * (light.horizon[0] - light.zenith[0]) + glow * light.glow[0],
        light.zenith[1] + low * (light.horizon[1] - light.zenith[1]) + glow * light.glow[1],
        light.zenith[2] + low * (light.horizon[2] - light.zenith[2]) + glow * light.glow[2],
    )


@inlined
def sky_colour(light, x, y, z):
    """Return linear red, green, blue seen in a unit direction: sky, sun and clouds."""
    red, green, blue = clear_sky(light, x, y, z)
    # Clouds lie on a plane far above, so they crowd towards the horizon and fade there.
    reach = f32(1.6) / (max(z, f32(0.0)) + f32(0.10))
    u, v = x * reach, y * reach
    shape = noise(u, v) + f32(0.5) * noise(u * f32(2.1) + f32(17.0), v * f32(2.1))
    shape += f32(0.25) * noise(u * f32(4.3), v * f32(4.3) + f32(5.0))
    shape += f32(0.12) * noise(u * f32(9.1), v * f32(9.1))
    cover = (shape + f32(2.4) * light.cloudiness - f32(0.55)) * f32(1.2)
    cover = min(max(cover, f32(0.0)), f32(1.0)) * min(max(z * f32(5.0), f32(0.0)), f32(1.0))
    cover *= f32(0.8)
    red += cover * (light.cloud[0] - red)
    green += cover * (light.cloud[1] - green)
    blue += cover * (light.cloud[2] - blue)
    towards = x * light.to_sun[0] + y * light.to_sun[1] + z * light.to_sun[2]
    disc = min(max((towards - f32(0.99985)) * f32(20000.0), f32(0.0)), f32(1.0))
    disc *= (f32(1.0) - cover) * f32(4.0)
    return red + disc * light.sun[0], green + disc * light.sun[1], blue + disc * light.sun[2]
