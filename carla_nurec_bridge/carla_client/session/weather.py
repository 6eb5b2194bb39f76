"""The weather by CARLA's names: read, changed in part, or taken from a preset."""

from __future__ import annotations

import json

import carla

from ...core.errors import InputError

PARAMETERS = (
    "cloudiness",
    "precipitation",
    "precipitation_deposits",
    "wind_intensity",
    "sun_azimuth_angle",
    "sun_altitude_angle",
    "fog_density",
    "fog_distance",
    "fog_falloff",
    "wetness",
    "scattering_intensity",
    "mie_scattering_scale",
    "rayleigh_scattering_scale",
    "dust_storm",
)
_LARGEST = 1e6
PRESETS = tuple(
    sorted(
        name
        for name in dir(carla.WeatherParameters)
        if isinstance(getattr(carla.WeatherParameters, name), carla.WeatherParameters)
    )
)


def weather_json(world: carla.World) -> str:
    """Return the world's weather as a JSON object; degrees for angles, else CARLA's units."""
    weather = world.get_weather()
    return json.dumps({name: round(getattr(weather, name), 4) for name in PARAMETERS})


def apply_weather(world: carla.World, text: str) -> None:
    """Set the weather to a preset (a JSON string or its bare name) or change some parameters.

    InputError names what is unknown or no number, and what there is.
    """
    try:
        wanted = json.loads(text)
    except ValueError:
        wanted = text.strip()
    if isinstance(wanted, str):
        if wanted not in PRESETS:
            raise InputError(f"no weather {wanted!r}; the presets are {', '.join(PRESETS)}")
        world.set_weather(getattr(carla.WeatherParameters, wanted))
        return
    if not isinstance(wanted, dict):
        raise InputError(f"weather must be a preset or a JSON object, not {text[:60]!r}")
    weather = world.get_weather()
    for name, value in wanted.items():
        if name not in PARAMETERS:
            raise InputError(f"no weather parameter {name!r}; there are {', '.join(PARAMETERS)}")
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not abs(value) <= _LARGEST:
            raise InputError(f"weather parameter {name} must be a number, not {str(value)[:60]}")
        setattr(weather, name, float(value))
    world.set_weather(weather)
