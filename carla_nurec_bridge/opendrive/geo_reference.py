"""Where a map's origin lies on earth, as the PROJ text of its header says."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.errors import InputError

DEFAULT_LATITUDE_DEG = 42.0
DEFAULT_LONGITUDE_DEG = 2.0
"""Where CARLA's client puts maps that do not say where they are."""

_ALTITUDE_SPELLINGS = ("+alt_0", "+h_0", "+=alt_0")
"""The last one is no PROJ; some published maps have it and CARLA reads only that."""


@dataclass(frozen=True)
class GeoReference:
    """Where a map's origin is; ``why`` says in words how that was found.

    ``given`` is False where nothing says it and CARLA's default stands in.
    """

    latitude_deg: float
    longitude_deg: float
    altitude_m: float
    why: str
    given: bool = True


def parse_geo_reference(text: str, name: str) -> GeoReference:
    """Return the place that the PROJ text of the map called ``name`` says.

    A text without lat_0 and lon_0 means 42 N, 2 E, as CARLA's client has it; one without an
    altitude (``+alt_0=``, ``+h_0=`` or the malformed ``+=alt_0=``) means 0 m. InputError when a
    value is no number in range.
    """
    values: dict[str, float] = {}
    for token in text.split():
        key, _, value = token.rpartition("=")
        if key in ("+lat_0", "+lon_0", *_ALTITUDE_SPELLINGS):
            values[key] = _number(value, token, name)
    altitude = next((key for key in _ALTITUDE_SPELLINGS if key in values), None)
    height_m = values[altitude] if altitude else 0.0
    height_why = f"altitude from {altitude}=" if altitude else "no altitude given: 0 m"
    given = "+lat_0" in values and "+lon_0" in values
    if given:
        latitude_deg, longitude_deg = values["+lat_0"], values["+lon_0"]
        why = f"the map's geoReference, {height_why}"
    else:
        latitude_deg, longitude_deg = DEFAULT_LATITUDE_DEG, DEFAULT_LONGITUDE_DEG
        why = f"the map says no lat_0 and lon_0: CARLA's default, {height_why}"
    if not (abs(latitude_deg) <= 90.0 and abs(longitude_deg) <= 360.0 and abs(height_m) < 1e5):
        raise InputError(
            f"map {name}, <geoReference>: no place on earth is at latitude {latitude_deg}, "
            f"longitude {longitude_deg}, altitude {height_m} m"
        )
    return GeoReference(latitude_deg, longitude_deg, height_m, why, given)


def _number(value: str, token: str, name: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise InputError(
            f"map {name}, <geoReference>: {token!r} is not a number; write it as +lat_0=48.1"
        ) from None
