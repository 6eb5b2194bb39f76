"""From a map's geo-reference to the earth: WGS84, earth-centred coordinates, local tangent."""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..core.errors import InputError
from ..core.frames import Matrix, rigid, rotation_from_rpy
from ..opendrive.geo_reference import (
    GeoReference,
    north_of,
    read_geo_reference,
    to_earth,
)
from ..opendrive.mending import sound_map

__all__ = [
    "GeoReference",
    "ecef_from_enu",
    "ecef_from_geodetic",
    "ecef_from_map",
    "geo_reference",
    "geodetic_from_ecef",
    "projection",
    "with_geo_reference",
]

Points = NDArray[np.float64]

_SEMI_MAJOR_M = 6378137.0
_FLATTENING = 1.0 / 298.257223563
_ECCENTRICITY_2 = _FLATTENING * (2.0 - _FLATTENING)


def geo_reference(xodr: str, name: str) -> GeoReference:
    """Return where the origin of an OpenDRIVE text lies on earth, as ``read_geo_reference``.

    InputError when the XML is broken; ``name`` names the map there.
    """
    root = sound_map(xodr, name).root
    offset = root.find("header/offset")
    return read_geo_reference(
        root.findtext("header/geoReference") or "", {} if offset is None else offset.attrib
    )


def ecef_from_map(place: GeoReference) -> Matrix:
    """Return the (4, 4) pose of a map in WGS84 earth-centred axes, rigid and exact at its origin.

    Its y axis points to the north of its projection there, which need not be true north.
    """
    north = north_of(place, to_earth(place, np.zeros(3)))
    turn = rotation_from_rpy((0.0, 0.0, 0.5 * np.pi - float(north)))
    return np.asarray(ecef_from_enu(place) @ rigid(turn, np.zeros(3)))


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


def ecef_from_geodetic(positions: Points) -> Points:
    """Return earth-centred points (N, 3) in m of WGS84 latitudes, longitudes (deg), heights (m)."""
    lat, lon = np.radians(positions[:, 0]), np.radians(positions[:, 1])
    normal_m = _SEMI_MAJOR_M / np.sqrt(1.0 - _ECCENTRICITY_2 * np.sin(lat) ** 2)
    across_m = (normal_m + positions[:, 2]) * np.cos(lat)
    up_m = (normal_m * (1.0 - _ECCENTRICITY_2) + positions[:, 2]) * np.sin(lat)
    return np.column_stack([across_m * np.cos(lon), across_m * np.sin(lon), up_m])


def geodetic_from_ecef(point_m: ArrayLike) -> tuple[float, float, float]:
    """Return WGS84 latitude, longitude (deg) and height (m) of an earth-centred point (3,) in m."""
    x, y, z = np.asarray(point_m, np.float64)
    across_m = math.hypot(x, y)
    lat = math.atan2(z, across_m * (1.0 - _ECCENTRICITY_2))
    # Each round gains two digits and more; ten leave nothing of a micrometre.
    for _ in range(10):
        normal_m = _SEMI_MAJOR_M / math.sqrt(1.0 - _ECCENTRICITY_2 * math.sin(lat) ** 2)
        lat = math.atan2(z + _ECCENTRICITY_2 * normal_m * math.sin(lat), across_m)
    normal_m = _SEMI_MAJOR_M / math.sqrt(1.0 - _ECCENTRICITY_2 * math.sin(lat) ** 2)
    over_m = across_m * math.cos(lat) + z * math.sin(lat)
    height_m = over_m - _SEMI_MAJOR_M**2 / normal_m
    return math.degrees(lat), math.degrees(math.atan2(y, x)), height_m


def with_geo_reference(xodr: str, place: GeoReference) -> str:
    """Return an OpenDRIVE text whose header says where on earth its origin is."""
    element = f"<geoReference>{projection(place)}</geoReference>"
    cleared = re.sub(
        r"<(geoReference|offset)\b[^>]*/>|<(geoReference|offset)\b.*?</\2>", "", xodr, flags=re.S
    )
    open_header = re.search(r"<header\b[^>]*?(/?)>", cleared)
    if open_header is None:
        raise InputError(
            "the map has no <header>; add one, for its place on earth is written there"
        )
    if open_header[1]:
        head = f"{open_header[0][:-2].rstrip()}>{element}</header>"
    else:
        head = open_header[0] + element
    return cleared[: open_header.start()] + head + cleared[open_header.end() :]


def projection(place: GeoReference) -> str:
    """Return a place as PROJ writes it in a geoReference."""
    return (
        f"+proj=tmerc +lat_0={place.latitude_deg:.10f} +lon_0={place.longitude_deg:.10f} "
        f"+alt_0={place.altitude_m:.4f} +k=1 +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs"
    )
