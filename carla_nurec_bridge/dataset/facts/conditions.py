"""The weather and light of a recording in words, by CARLA's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .values import Fog, Rain, RecordedConditions, RoadSurface, Sky, TimeOfDay

_NEEDED = (
    "sun_altitude_angle",
    "cloudiness",
    "precipitation",
    "precipitation_deposits",
    "wetness",
    "fog_density",
)


def recorded_conditions(weather: Mapping[str, Any] | None) -> RecordedConditions | None:
    """Return what CARLA's weather parameters say, None where one of them is missing.

    Civil twilight ends at 6 degrees below the horizon; clouds on up to a quarter of the sky are
    clear, seven eighths or more overcast (as the WMO's oktas 2 and 7). Other limits are ours.
    """
    if weather is None or any(not _is_number(weather.get(name)) for name in _NEEDED):
        return None
    sun, clouds, rain, deposits, wetness, fog = (float(weather[name]) for name in _NEEDED)
    return RecordedConditions(
        time_of_day=_time_of_day(sun),
        sun_altitude_deg=sun,
        sky=_sky(clouds),
        rain=_rain(rain),
        fog=_fog(fog),
        road=_road(deposits, wetness),
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _time_of_day(sun_deg: float) -> TimeOfDay:
    if sun_deg < -6.0:
        return "night"
    if sun_deg < 0.0:
        return "twilight"
    if sun_deg < 10.0:
        return "low_sun"
    return "day" if sun_deg < 60.0 else "high_sun"


def _sky(clouds: float) -> Sky:
    if clouds <= 25.0:
        return "clear"
    return "partly_cloudy" if clouds < 87.5 else "overcast"


def _rain(rain: float) -> Rain:
    if rain < 5.0:
        return "none"
    if rain < 35.0:
        return "light"
    return "moderate" if rain < 70.0 else "heavy"


def _fog(fog: float) -> Fog:
    if fog < 10.0:
        return "none"
    return "light" if fog < 50.0 else "dense"


def _road(deposits: float, wetness: float) -> RoadSurface:
    if deposits >= 40.0:
        return "puddles"
    return "wet" if max(deposits, wetness) >= 10.0 else "dry"
