"""The weather of an OpenSCENARIO file in CARLA's parameters."""

from __future__ import annotations

import math

from .document import Element

_CLOUDS = {
    "free": 0.0,
    "zeroOktas": 0.0,
    "cloudy": 40.0,
    "overcast": 90.0,
    "rainy": 95.0,
    "skyOff": 0.0,
}
_CLEAR_M = 10_000.0


def weather_of(action: Element) -> dict[str, float]:
    """Return the weather of a <GlobalAction> at the start; InputError for another action."""
    held = action.only()
    if held.tag != "EnvironmentAction":
        raise held.innermost.refuse()
    weather = held.only().find("Weather")
    if weather is None:
        return {}
    found = {}
    if "cloudState" in weather.attributes:
        found["cloudiness"] = _CLOUDS[weather.choice("cloudState", tuple(_CLOUDS))]
    sun, fog, rain = (weather.find(tag) for tag in ("Sun", "Fog", "Precipitation"))
    if sun is not None:
        found["sun_azimuth_angle"] = math.degrees(sun.number("azimuth"))
        found["sun_altitude_angle"] = math.degrees(sun.number("elevation"))
    if fog is not None:
        seen_m = max(fog.number("visualRange"), 1.0)
        found["fog_distance"] = 0.0
        found["fog_density"] = 0.0 if seen_m >= _CLEAR_M else min(100.0, 3000.0 / seen_m)
    if rain is not None and "intensity" in rain.attributes:
        dry = rain.text("precipitationType", "rain") == "dry"
        amount = 0.0 if dry else min(100.0 * rain.number("intensity"), 100.0)
        found |= {"precipitation": amount, "precipitation_deposits": amount, "wetness": amount}
    return found
