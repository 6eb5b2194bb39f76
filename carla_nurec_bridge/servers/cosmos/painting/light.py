"""What is the same for every picture of a job: the light of the hour, and tables by pixel."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .prompt_conditions import PromptConditions
from .sky import noise, sky_table

Table = NDArray[np.float32]
# By semantic tag: how much snow stays, and how much a wet surface mirrors.
_SNOW = {
    1: 0.62,
    24: 0.55,
    2: 0.95,
    10: 1.0,
    25: 0.95,
    9: 0.62,
    3: 0.10,
    4: 0.3,
    5: 0.3,
    14: 0.28,
    15: 0.28,
    16: 0.28,
    20: 0.5,
    21: 0.4,
    26: 0.6,
    27: 0.6,
    28: 0.5,
    22: 0.4,
}
_WET = {1: 1.0, 24: 0.9, 2: 0.55, 25: 0.4, 27: 0.3}
_LAMPS = (7, 14, 15, 16, 17, 18)
_GROUND = (1, 2, 10, 24, 25)


def _by_tag(values: dict[int, float]) -> Table:
    table = np.zeros(256, np.float32)
    for tag, value in values.items():
        table[tag] = value
    return table


LAMP_BY_TAG = _by_tag(dict.fromkeys(_LAMPS, 1.0))
GROUND_BY_TAG = _by_tag(dict.fromkeys(_GROUND, 1.0))


class HourLight(NamedTuple):
    """The light of given conditions, linear: its colour, the air's (density in 1/m), strengths."""

    red: float
    green: float
    blue: float
    air_red: float
    air_green: float
    air_blue: float
    density: float
    fade: float
    fall: float
    wet: float
    snow: float
    low_sun: float
    headlight: float


class Tables(NamedTuple):
    """What a pixel's colour, tag, column or place decide.

    ``linear`` (256,) light of a colour level, ``by_tag`` (3, 256) snow, wetness and lamps,
    ``sky`` (H, W, 3) and the same behind the air, ``clouds`` (H, W) 0..1, ``slips`` (H, W) int8
    how far a mirrored picture is moved, ``beam`` (H, W) of the headlights, ``side`` (W,) nearness
    to a low sun.
    """

    linear: Table
    by_tag: Table
    sky: Table
    far_sky: Table
    clouds: Table
    slips: NDArray[np.int8]
    beam: Table
    side: Table


def light_of(conditions: PromptConditions) -> HourLight:
    """Return the light of a prompt's conditions."""
    day = 1.0 - conditions.night
    dull = max(conditions.overcast, 0.5 * conditions.dust)
    low_sun = conditions.sunset * (1.0 - 0.75 * conditions.overcast) * day
    level = day * (1.0 - 0.32 * dull) * (1.0 - 0.35 * conditions.sunset) + 0.085 * (1.0 - day)
    warm = 0.05 * conditions.warmth
    # What fog, or the far air, looks like: the sky at the horizon, greyer as it thickens.
    grey = 0.62 * day * (1.0 - 0.3 * conditions.sunset) + 0.012
    values = HourLight(
        red=level * (1.0 + 0.55 * low_sun + warm) * (1.0 - 0.25 * (1.0 - day)),
        green=level * (1.0 - 0.10 * low_sun - 0.06 * (1.0 - day)),
        blue=level * (1.0 - 0.50 * low_sun - warm) * (1.0 + 0.55 * (1.0 - day)),
        air_red=grey * (1.0 + 0.45 * low_sun + 0.25 * conditions.dust),
        air_green=grey * (1.0 - 0.05 * low_sun),
        air_blue=grey * (1.0 - 0.42 * low_sun - 0.35 * conditions.dust),
        density=0.0012 + 0.055 * conditions.fog * conditions.fog + 0.012 * conditions.dust,
        fade=0.45 * dull,
        fall=0.75 * day + 0.10,
        wet=conditions.wet,
        snow=conditions.snow_cover,
        low_sun=low_sun,
        headlight=0.85 * (1.0 - day),
    )
    # As float32, so that the kernels compute in it.
    return HourLight(*(np.float32(value) for value in values))


def tables_of(
    conditions: PromptConditions, light: HourLight, height: int, width: int, seed: int
) -> Tables:
    """Return the tables for images of one size; the same arguments give the same ones."""
    sky = sky_table(conditions, height, width, seed)
    focal = width / 2
    down = ((np.arange(height, dtype=np.float32) - 0.5 * height) / focal)[:, None]
    across = ((np.arange(width, dtype=np.float32) - 0.5 * width) / focal)[None, :]
    air = np.array([light.air_red, light.air_green, light.air_blue], np.float32)
    through = np.exp(-light.density * 160.0 * (1.0 + down))[..., None]
    # Stretched along the columns: lying water follows the lanes.
    clouds = noise(height, width, max(8, width // 24), np.random.default_rng([seed, 3]))
    beam = np.exp(-(((down - 0.07) / 0.16) ** 2) - (across / 0.5) ** 2)
    columns = np.arange(width, dtype=np.float32)
    side = 1.0 - np.minimum(1.0, np.abs(columns - conditions.sun_x * width) / width)
    levels = np.arange(256, dtype=np.float32) / 255.0
    return Tables(
        linear=levels * levels,
        by_tag=np.stack([_by_tag(_SNOW), _by_tag(_WET), LAMP_BY_TAG]),
        sky=sky,
        far_sky=np.ascontiguousarray(air + (sky - air) * through, np.float32),
        clouds=clouds,
        slips=np.trunc(6.0 * (clouds - 0.5)).astype(np.int8),
        beam=np.ascontiguousarray(beam, np.float32),
        side=np.ascontiguousarray(side * side, np.float32),
    )
