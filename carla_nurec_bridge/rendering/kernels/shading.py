"""Kernel parts that turn what a traced packet hit into colours, 16 lanes at a time.

Loops either copy (lane by lane, from tables) or compute (rows of the page only, no branches): the
second kind then runs in the vector units. All numbers are float32.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from ..engines.jit import inlined, once
from ..engines.native import call_packet, lanes_set
from ..engines.packet import (
    ALBEDO,
    COLOUR,
    DIRECTION,
    FAR,
    GRAIN,
    HIT,
    LANES,
    MIRROR,
    MIRROR_RISE,
    MIRRORED,
    NORMAL,
    ORIGIN,
    PATCHES,
    SHADOW,
    SHADOW_DIRECTION,
    SHADOW_FAR,
    SHADOW_MASK,
    SHADOW_NEAR,
    SHADOW_TIME,
    SHADOW_VALID,
    SHINE,
    SMOOTH,
    SPARK,
    TIME,
    Y,
    Z,
)
from .resolving import dress_instances
from .sky import (
    clear_sky,
    left_by_haze,
    noise,
    power_32,
    sky_colour,
)
from .weather import fog, shine_lamps, wet

f32 = np.float32


@once
def trace_shadows(page, page_i, address, to_sun, occluded, scenes, arguments):
    """Send a ray to the sun from every lane that faces it; SHADOW_FAR < 0 means it is blocked.

    ``address`` is where the page lies, ``occluded``, ``scenes`` and ``arguments`` are an
    engine's ``functions``.
    """
    for lane in range(LANES):
        lit = (
            page[SMOOTH + lane] * to_sun[0]
            + page[SMOOTH + Y + lane] * to_sun[1]
            + page[SMOOTH + Z + lane] * to_sun[2]
        ) > f32(0.0)
        use = lit and page[HIT + lane] > f32(0.0)
        page_i[SHADOW_VALID + lane] = np.int32(-1) if use else np.int32(0)
        page_i[SHADOW_MASK + lane] = np.int32(-1)
    if lanes_set(address + 4 * SHADOW_VALID) == 0:
        return
    for lane in range(LANES):
        distance = min(page[FAR + lane], f32(1e6))
        lift = f32(0.002) + f32(1e-4) * distance
        for axis in range(3):
            page[SHADOW + LANES * axis + lane] = (
                page[ORIGIN + LANES * axis + lane]
                + distance * page[DIRECTION + LANES * axis + lane]
                + lift * page[NORMAL + LANES * axis + lane]
            )
        page[SHADOW_DIRECTION + lane] = to_sun[0]
        page[SHADOW_DIRECTION + Y + lane] = to_sun[1]
        page[SHADOW_DIRECTION + Z + lane] = to_sun[2]
        page[SHADOW_NEAR + lane] = f32(0.0)
        page[SHADOW_TIME + lane] = page[TIME + lane]
        page[SHADOW_FAR + lane] = f32(400.0)
    call_packet(occluded, address + 4 * SHADOW_VALID, scenes[0], address + 4 * SHADOW, arguments)
    if scenes[1] != 0:
        call_packet(
            occluded, address + 4 * SHADOW_VALID, scenes[1], address + 4 * SHADOW, arguments
        )


@inlined
def mix(albedo, direct, up, shine, mirrored, spark, clear, sun, below, above, air):
    """Return one channel of a surface's linear colour, seen through the air between.

    * direct: cosine to the sun, 0 in shadow; up: 0 to 1, how far it faces the sky.
    * shine: own light, 0 to 1; mirrored: sky in its mirror; spark: sun in its mirror.
    * clear: share of the light that the haze lets through.
    * sun, below, above, air: the channel of sunlight, of light from the ground, the sky, the haze.
    """
    falling = direct * sun + below + up * (above - below)
    falling += shine * (f32(1.6) - falling)
    colour = albedo * falling + mirrored + spark * sun
    return air + clear * (colour - air)


@once
def mirror_sky(page, address, light, shadows):
    """Fill MIRRORED and SPARK; below the horizon a mirror shows the dim street instead."""
    mirrors = lanes_set(address + 4 * MIRROR) + lanes_set(address + 4 * MIRROR_RISE)
    if mirrors == 0:
        for lane in range(LANES):
            page[MIRRORED + lane] = f32(0.0)
            page[MIRRORED + Y + lane] = f32(0.0)
            page[MIRRORED + Z + lane] = f32(0.0)
            page[SPARK + lane] = f32(0.0)
        return
    for lane in range(LANES):
        dx, dy, dz = page[DIRECTION + lane], page[DIRECTION + Y + lane], page[DIRECTION + Z + lane]
        nx, ny, nz = page[SMOOTH + lane], page[SMOOTH + Y + lane], page[SMOOTH + Z + lane]
        view = min(max(-(dx * nx + dy * ny + dz * nz), f32(0.0)), f32(1.0))
        graze = f32(1.0) - view
        graze *= graze
        mirror = page[MIRROR + lane] + page[MIRROR_RISE + lane] * graze * graze
        twice = view + view
        rx, ry, rz = dx + twice * nx, dy + twice * ny, dz + twice * nz
        dim = mirror * min(max(rz * f32(8.0) + f32(0.6), f32(0.2)), f32(1.0))
        towards = max(rx * light.to_sun[0] + ry * light.to_sun[1] + rz * light.to_sun[2], f32(0.0))
        spark = power_32(towards * towards) * f32(14.0) * page[MIRROR + lane]
        facing = nx * light.to_sun[0] + ny * light.to_sun[1] + nz * light.to_sun[2]
        if shadows:
            facing = f32(0.0) if page[SHADOW_FAR + lane] < f32(0.0) else facing
        page[SPARK + lane] = spark if facing > f32(0.0) else f32(0.0)
        sky = clear_sky(light, rx, ry, rz)
        page[MIRRORED + lane] = dim * sky[0]
        page[MIRRORED + Y + lane] = dim * sky[1]
        page[MIRRORED + Z + lane] = dim * sky[2]


@once
def shade_hits(page, address, light, shadows):
    """Fill COLOUR with linear light for every lane, as if it had hit."""
    mirror_sky(page, address, light, shadows)
    for lane in range(LANES):
        distance = min(page[FAR + lane], f32(1e4))
        dx, dy, dz = page[DIRECTION + lane], page[DIRECTION + Y + lane], page[DIRECTION + Z + lane]
        nx, ny, nz = page[SMOOTH + lane], page[SMOOTH + Y + lane], page[SMOOTH + Z + lane]

        # Grain and patches by position on the nearest axis plane of the map; they fade with
        # distance before they could flicker.
        px = page[ORIGIN + lane] + distance * dx
        py = page[ORIGIN + Y + lane] + distance * dy
        pz = page[ORIGIN + Z + lane] + distance * dz
        flat = abs(nz) > f32(0.6)
        wall = py if abs(nx) > abs(ny) else px
        u = px if flat else wall
        v = py if flat else pz
        near = f32(1.0) / (f32(1.0) + distance * distance * f32(0.010))
        middle = f32(1.0) / (f32(1.0) + distance * distance * f32(0.0002))
        far = f32(1.0) / (f32(1.0) + distance * distance * f32(0.00002))
        grain = page[GRAIN + lane] * near * noise(u * f32(26.0), v * f32(26.0))
        patch = middle * noise(u * f32(1.7), v * f32(1.7))
        patch += far * noise(u * f32(0.23), v * f32(0.23))
        albedo = f32(1.0) + grain + f32(0.5) * page[PATCHES + lane] * patch

        facing = nx * light.to_sun[0] + ny * light.to_sun[1] + nz * light.to_sun[2]
        direct = max(facing, f32(0.0))
        if shadows:
            direct = f32(0.0) if page[SHADOW_FAR + lane] < f32(0.0) else direct
        up = f32(0.5) + f32(0.5) * nz
        shine = page[SHINE + lane]

        clear = left_by_haze(light.haze_per_m, distance, distance * dz)
        page[COLOUR + lane] = mix(
            page[ALBEDO + lane] * albedo,
            direct,
            up,
            shine,
            page[MIRRORED + lane],
            page[SPARK + lane],
            clear,
            light.sun[0],
            light.below[0],
            light.above[0],
            light.horizon[0],
        )
        page[COLOUR + Y + lane] = mix(
            page[ALBEDO + Y + lane] * albedo,
            direct,
            up,
            shine,
            page[MIRRORED + Y + lane],
            page[SPARK + lane],
            clear,
            light.sun[1],
            light.below[1],
            light.above[1],
            light.horizon[1],
        )
        page[COLOUR + Z + lane] = mix(
            page[ALBEDO + Z + lane] * albedo,
            direct,
            up,
            shine,
            page[MIRRORED + Z + lane],
            page[SPARK + lane],
            clear,
            light.sun[2],
            light.below[2],
            light.above[2],
            light.horizon[2],
        )


@once
def shade_misses(page, light):
    """Fill COLOUR with the sky for every lane without a hit."""
    for lane in range(LANES):
        sky = sky_colour(
            light, page[DIRECTION + lane], page[DIRECTION + Y + lane], page[DIRECTION + Z + lane]
        )
        hit = page[HIT + lane] > f32(0.0)
        red, green, blue = page[COLOUR + lane], page[COLOUR + Y + lane], page[COLOUR + Z + lane]
        page[COLOUR + lane] = red if hit else sky[0]
        page[COLOUR + Y + lane] = green if hit else sky[1]
        page[COLOUR + Z + lane] = blue if hit else sky[2]


@once
def shade(
    page,
    page_i,
    address,
    surface,
    slots,
    light,
    lamps,
    shadows,
    occluded,
    scenes,
    arguments,
    hits,
    moving,
):
    """Fill COLOUR with the linear light that reaches the sensor on every lane.

    ``hits`` and ``moving`` are what ``resolve`` returned; the others are as in ``trace_shadows``.
    """
    for lane in range(LANES):
        page[SMOOTH + lane] = page[NORMAL + lane]
        page[SMOOTH + Y + lane] = page[NORMAL + Y + lane]
        page[SMOOTH + Z + lane] = page[NORMAL + Z + lane]
    if hits > 0:
        if moving > 0:
            dress_instances(page, page_i, surface, slots)
        if light.wetness > f32(0.0):
            wet(page, light.wetness)
        if shadows:
            trace_shadows(page, page_i, address, light.to_sun, occluded, scenes, arguments)
        shade_hits(page, address, light, shadows)
        if len(lamps):
            shine_lamps(page, lamps, light.haze_per_m)
    if hits < LANES:
        shade_misses(page, light)
    if light.fog_per_m > f32(0.0):
        fog(page, light)
