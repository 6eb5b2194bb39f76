"""Kernel parts for wet ground, lamps and fog; fair days at noon skip them."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from ..engines.jit import kernel
from ..engines.packet import (
    ALBEDO,
    COLOUR,
    DIRECTION,
    FAR,
    HIT,
    LANES,
    MIRROR,
    MIRROR_RISE,
    NORMAL,
    ORIGIN,
    PATCHES,
    SMOOTH,
    Y,
    Z,
)
from .sky import exp_negative, left_by_haze, noise

f32 = np.float32
LAMP_REACH_M = 60.0


@kernel
def wet(page, wetness):
    """Darken what faces up and let it mirror; puddles gather in wide patches."""
    for lane in range(LANES):
        distance = min(page[FAR + lane], f32(1e4))
        px = page[ORIGIN + lane] + distance * page[DIRECTION + lane]
        py = page[ORIGIN + Y + lane] + distance * page[DIRECTION + Y + lane]
        level = min(max(page[NORMAL + Z + lane] * f32(5.0) - f32(4.0), f32(0.0)), f32(1.0))
        patch = f32(0.5) + f32(0.5) * noise(px * f32(0.28), py * f32(0.28))
        pool = min(max((patch + wetness - f32(0.95)) * f32(4.0), f32(0.0)), f32(1.0))
        # Grass, whose patches are strong, drinks the water.
        level *= f32(0.2) if page[PATCHES + lane] > f32(0.3) else f32(1.0)
        film = level * wetness
        dark = f32(1.0) - f32(0.45) * film - f32(0.2) * level * pool
        page[ALBEDO + lane] *= dark
        page[ALBEDO + Y + lane] *= dark
        page[ALBEDO + Z + lane] *= dark
        page[MIRROR + lane] += f32(0.01) * film + f32(0.03) * level * pool
        page[MIRROR_RISE + lane] += f32(0.12) * film + f32(0.40) * level * pool


@kernel
def shine_lamps(page, lamps, haze_per_m):
    """Add the light of lamps (L, 11) to COLOUR on every lane that hit."""
    for index in range(len(lamps)):
        lamp = lamps[index]
        nearest = f32(1e9)
        for lane in range(LANES):
            far = min(page[FAR + lane], f32(1e4))
            x = lamp[0] - (page[ORIGIN + lane] + far * page[DIRECTION + lane])
            y = lamp[1] - (page[ORIGIN + Y + lane] + far * page[DIRECTION + Y + lane])
            nearest = min(nearest, x * x + y * y)
        if nearest > f32(LAMP_REACH_M * LAMP_REACH_M):
            continue
        for lane in range(LANES):
            far = min(page[FAR + lane], f32(1e4))
            x = lamp[0] - (page[ORIGIN + lane] + far * page[DIRECTION + lane])
            y = lamp[1] - (page[ORIGIN + Y + lane] + far * page[DIRECTION + Y + lane])
            z = lamp[2] - (page[ORIGIN + Z + lane] + far * page[DIRECTION + Z + lane])
            square = x * x + y * y + z * z + f32(1e-6)
            near = f32(1.0) / np.sqrt(square)
            facing = (
                page[SMOOTH + lane] * x + page[SMOOTH + Y + lane] * y + page[SMOOTH + Z + lane] * z
            ) * near
            off = -(lamp[3] * x + lamp[4] * y + lamp[5] * z) * near
            spot = min(max((off - lamp[9]) * lamp[10], f32(0.0)), f32(1.0))
            light = max(facing, f32(0.0)) * spot * spot / (f32(1.0) + square)
            light = light if x * x + y * y <= f32(LAMP_REACH_M * LAMP_REACH_M) else f32(0.0)
            light *= page[HIT + lane] * left_by_haze(
                haze_per_m, far, far * page[DIRECTION + Z + lane]
            )
            page[COLOUR + lane] += light * lamp[6] * page[ALBEDO + lane]
            page[COLOUR + Y + lane] += light * lamp[7] * page[ALBEDO + Y + lane]
            page[COLOUR + Z + lane] += light * lamp[8] * page[ALBEDO + Z + lane]


@kernel
def fog(page, light):
    """Blend COLOUR with the light of the fog between the eye and what it sees, sky included.

    Fog thins exponentially with height, so the way through it has a closed form.
    """
    thinning = light.fog_thinning_per_m
    for lane in range(LANES):
        hit = page[HIT + lane] > f32(0.0)
        distance = min(page[FAR + lane], f32(2e4)) if hit else f32(2e4)
        through = max(distance - light.fog_from_m, f32(0.0))
        low = max(page[ORIGIN + Z + lane], f32(0.0))
        rise = thinning * page[DIRECTION + Z + lane] * through
        up = min(max(rise, f32(1e-4)), f32(40.0))
        down = min(max(-rise, f32(1e-4)), f32(4.0))
        rising = (f32(1.0) - exp_negative(up)) / up
        falling = (f32(1.0) / exp_negative(down) - f32(1.0)) / down
        share = rising if rise > f32(0.0) else falling
        depth = light.fog_per_m * exp_negative(min(thinning * low, f32(40.0))) * share * through
        clear = exp_negative(min(depth, f32(40.0)))
        page[COLOUR + lane] = light.horizon[0] + clear * (page[COLOUR + lane] - light.horizon[0])
        page[COLOUR + Y + lane] = light.horizon[1] + clear * (
            page[COLOUR + Y + lane] - light.horizon[1]
        )
        page[COLOUR + Z + lane] = light.horizon[2] + clear * (
            page[COLOUR + Z + lane] - light.horizon[2]
        )
