"""From a map's geo-reference to the earth: WGS84, earth-centred coordinates, local tangent."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..core.errors import InputError
from ..core.frames import Matrix, rigid
from ..opendrive.reading import xml_root

_SEMI_MAJOR_M = 6378137.0
_FLATTENING = 1.0 / 298.257223563
_ECCENTRICITY_2 = _FLATTENING * (2.0 - _FLATTENING)

DEFAULT_LATITUDE_DEG = 42.0
DEFAULT_LONGITUDE_DEG = 2.0
"""Where CARLA's client puts maps that do not say where they are."""

_ALTITUDE_SPELLINGS = ("+alt_0", "+h_0", "+=alt_0")
"""The last one is no PROJ; some published maps have it and CARLA reads only that."""


@dataclass(frozen=True)
class GeoReference:
    """Where a map's origin is; ``why`` says in words how that was found."""

    latitude_deg: float
    longitude_deg: float
    altitude_m: float
    why: str


def geo_reference(xodr: str, name: str) -> GeoReference:
    """Return where the origin of an OpenDRIVE text lies on earth.

    A map without lat_0 and lon_0 is at 42 N, 2 E, as CARLA's client has it; one without an
    altitude (``+alt_0=``, ``+h_0=`` or the malformed ``+=alt_0=``) is at 0 m. InputError when the
    XML is broken or a value is no number in range; ``name`` names the map there.
    """
    element = xml_root(xodr, name).find("header/geoReference")
    text = (element.text or "") if element is not None else ""
    values: dict[str, float] = {}
    for token in text.split():
        key, _, value = token.rpartition("=")
        if key in ("+lat_0", "+lon_0", *_ALTITUDE_SPELLINGS):
            values[key] = _number(value, token, name)
    altitude = next((key for key in _ALTITUDE_SPELLINGS if key in values), None)
    height_m = values[altitude] if altitude else 0.0
    height_why = f"altitude from {altitude}=" if altitude else "no altitude given: 0 m"
    if "+lat_0" in values and "+lon_0" in values:
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
    return GeoReference(latitude_deg, longitude_deg, height_m, why)


def ecef_from_enu(place: GeoReference) -> Matrix:
    """Return the (4, 4) pose of the east-north-up frame at a place, in WGS84 earth-centred axes."""
    lat, lon = math.radians(place.latitude_deg), math.radians(place.longitude_deg)
    sin_lat, cos_lat, sin_lon, cos_lon = math.sin(lat), math.cos(lat), math.sin(lon), math.cos(lon)
    normal_m = _SEMI_MAJOR_M / math.sqrt(1.0 - _ECCENTRICITY_2 * sin_lat**2)
    across_m = (normal_m + place.altitude_m) * cos_lat
    origin_m = (
        across_m * cos_lon,
        across_m * sin_lon,
        (normal_m * (1.0 - _ECCENTRICITY_2) + place.altitude_m) * sin_lat,
    )
    axes = np.array(
        [
            [-sin_lon, -sin_lat * cos_lon, cos_lat * cos_lon],
            [cos_lon, -sin_lat * sin_lon, cos_lat * sin_lon],
            [0.0, cos_lat, sin_lat],
        ]
    )
    return rigid(axes, origin_m)


def _number(value: str, token: str, name: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise InputError(
            f"map {name}, <geoReference>: {token!r} is not a number; write it as +lat_0=48.1"
        ) from None
