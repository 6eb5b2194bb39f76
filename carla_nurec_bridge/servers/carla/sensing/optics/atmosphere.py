"""Weather as light: sun, fog, wet roads, and the lamps of street and vehicles at night."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from .....core.frames import Matrix, mirror_vector
from .....rendering.lighting import Lamp, Lighting
from ...wire.structs import Weather
from ...world.actors import EpisodeActor
from ...world.scenery import StreetLamp

CLEAR_HAZE_M, RAIN_HAZE_M, DUST_HAZE_M = 900.0, 120.0, 40.0
THICKEST_FOG_PER_M = 0.06
THINNEST_FOG = 0.005
"""Up to this share of the thickest, fog is even haze, which costs nothing to draw."""
THINNING_PER_M = 0.05
WET_BY_RAIN = 0.6
MOST_LAMPS = 24
LAMPS_WITHIN_M = 130.0
BRIGHT_SUN_DEG = 8.0
"""Above this lamps are lost in daylight and are left out."""
STREET_GLOW = 26.0
STREET_INTENSITY = 2500.0
POSITION, LOW_BEAM, HIGH_BEAM, BRAKE, REVERSE, FOG_LAMP = 1, 2, 4, 8, 64, 128
BEAM_DIP = {LOW_BEAM: 0.055, HIGH_BEAM: 0.01}
BEAM_GLOW = {LOW_BEAM: 140.0, HIGH_BEAM: 320.0}
WHITE, RED = (1.0, 0.94, 0.82), (1.0, 0.06, 0.04)


def light_of(weather: Weather, lamps: tuple[Lamp, ...]) -> Lighting:
    """Return the light of a weather (CARLA's shares of 100, degrees and metres) with lamps."""
    rain, dust = _share(weather.precipitation), _share(weather.dust_storm)
    # Little fog is seen far away only; the sense of "density" grows faster than the number.
    fog = _share(weather.fog_density) ** 1.5
    half = math.log(2.0)
    veil = half / CLEAR_HAZE_M + rain * half / RAIN_HAZE_M + dust * half / DUST_HAZE_M
    if fog <= THINNEST_FOG:
        veil, fog = veil + THICKEST_FOG_PER_M * fog, 0.0
    cover = max(_share(weather.cloudiness), 0.9 * fog, 0.7 * rain, 0.6 * dust)
    return Lighting(
        sun_altitude_deg=min(max(weather.sun_altitude_angle, -90.0), 90.0),
        sun_azimuth_deg=-weather.sun_azimuth_angle,
        cloudiness=cover,
        haze_m=half / veil,
        fog_per_m=THICKEST_FOG_PER_M * fog,
        fog_from_m=max(weather.fog_distance, 0.0),
        fog_thinning_per_m=THINNING_PER_M * max(weather.fog_falloff, 0.0),
        wetness=max(
            _share(weather.wetness), _share(weather.precipitation_deposits), WET_BY_RAIN * rain
        ),
        lamps=lamps if weather.sun_altitude_angle < BRIGHT_SUN_DEG else (),
    )


def lamps_around(
    place: np.ndarray, street: Iterable[StreetLamp], vehicles: Iterable[tuple[EpisodeActor, Matrix]]
) -> tuple[Lamp, ...]:
    """Return the lamps that shine near a place (3,), map frame, the nearest ones first.

    ``vehicles`` come with map_from_actor (4, 4); their light flags say what is switched on.
    """
    lamps = [_street_lamp(lamp) for lamp in street if lamp.active]
    for actor, map_from_actor in vehicles:
        if actor.light_flags:
            lamps += _vehicle_lamps(actor, map_from_actor)
    near = [(float(np.linalg.norm(np.subtract(lamp.place, place))), lamp) for lamp in lamps]
    near = [entry for entry in near if entry[0] < LAMPS_WITHIN_M]
    return tuple(lamp for _, lamp in sorted(near, key=lambda entry: entry[0])[:MOST_LAMPS])


def _share(percent: float) -> float:
    return min(max(percent / 100.0, 0.0), 1.0)


def _street_lamp(lamp: StreetLamp) -> Lamp:
    x, y, z = mirror_vector(lamp.location).tolist()
    glow = STREET_GLOW * max(lamp.intensity, 0.0) / STREET_INTENSITY
    red, green, blue = (glow * (part / 255.0) ** 2.2 for part in lamp.colour)
    return Lamp((x, y, z), (0.0, 0.0, -1.0), (red, green, blue), 35.0, 82.0)


def _vehicle_lamps(actor: EpisodeActor, map_from_actor: Matrix) -> list[Lamp]:
    flags = actor.light_flags
    length, width, _ = actor.box.extent
    low = 0.45 * actor.box.extent[2] * 2.0
    sides = (-0.7 * width, 0.7 * width) if width > 0.5 else (0.0,)
    lamps = []

    def add(
        x: float,
        y: float,
        way: tuple[float, float, float],
        colour: tuple[float, float, float],
        glow: float,
        inner_deg: float,
        outer_deg: float,
    ) -> None:
        place = map_from_actor[:3, :3] @ (x, y, low) + map_from_actor[:3, 3]
        ahead = map_from_actor[:3, :3] @ np.divide(way, np.linalg.norm(way))
        shade = (glow * colour[0], glow * colour[1], glow * colour[2])
        lamps.append(
            Lamp(tuple(place.tolist()), tuple(ahead.tolist()), shade, inner_deg, outer_deg)
        )

    for y in sides:
        for beam, dip in BEAM_DIP.items():
            if flags & beam:
                add(length + 0.05, y, (1.0, 0.0, -dip), WHITE, BEAM_GLOW[beam], 8.0, 28.0)
        if flags & FOG_LAMP:
            add(length + 0.05, y, (1.0, 0.0, -0.12), WHITE, 40.0, 20.0, 50.0)
        if flags & (POSITION | BRAKE):
            add(
                -length - 0.05, y, (-1.0, 0.0, -0.1), RED, 6.0 if flags & BRAKE else 1.5, 30.0, 80.0
            )
        if flags & REVERSE:
            add(-length - 0.05, y, (-1.0, 0.0, -0.1), WHITE, 8.0, 30.0, 80.0)
    return lamps
