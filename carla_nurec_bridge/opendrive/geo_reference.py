"""Where a map lies on earth, as its header says: the projection, its offset, the altitude."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from pyproj import Transformer

DEFAULT_LATITUDE_DEG = 42.0
DEFAULT_LONGITUDE_DEG = 2.0
"""Where CARLA's client puts maps that do not say where they are."""

Array = NDArray[np.float64]
Offset = tuple[float, float, float, float]
NO_OFFSET: Offset = (0.0, 0.0, 0.0, 0.0)

_WGS84 = "EPSG:4326"
_ALTITUDE = re.compile(r"(\+alt_0|\+h_0|\+=alt_0)=(\S+)")
"""The last spelling is no PROJ; some published maps have it and CARLA reads only that."""
_VERTICAL = re.compile(r"\+(=?alt_0|h_0|geoidgrids|vunits|vto_meter)=\S*")
_PROJ = re.compile(r"\+=?[A-Za-z]|^\+")
"""In PROJ text; in ``EPSG:25832+5783`` a plus stands before the number of a system of heights."""
_INIT = re.compile(r"\+?init=(epsg:\d+)", re.IGNORECASE)
_CLIENT = re.compile(r"\+(lat_0|lon_0)=([+-]?\d+\.?\d*(?:e[+-]?\d+)?)", re.IGNORECASE)
_NORTH_DEG = 1e-5


@dataclass(frozen=True)
class GeoReference:
    """Where a map's origin is; ``why`` says in words how that was found.

    ``given`` is False where the header does not say it and CARLA's default stands in. ``crs`` is
    what PROJ knows the map's projection by, or empty for a transverse Mercator about the origin.
    ``offset`` (x, y, z in m, heading in rad) takes the map's coordinates into the projection's:
    they are turned by the heading, then moved (ASAM OpenDRIVE, ``<offset>``).
    """

    latitude_deg: float
    longitude_deg: float
    altitude_m: float
    why: str
    given: bool = True
    crs: str = ""
    offset: Offset = NO_OFFSET

    def words(self) -> str:
        """Return the place and how it was found."""
        return (
            f"{self.latitude_deg:.7f} N, {self.longitude_deg:.7f} E, {self.altitude_m:.2f} m "
            f"({self.why})"
        )


def read_geo_reference(text: str, offset: Mapping[str, str]) -> GeoReference:
    """Return the place that the text of ``<geoReference>`` and the ``<offset>`` say."""
    try:
        x, y, z, heading = (float(offset.get(name) or 0.0) for name in ("x", "y", "z", "hdg"))
    except ValueError:
        return _default(text, "the map's <offset> is no number")
    return parse_geo_reference(text, (x, y, z, heading))


def parse_geo_reference(text: str, offset: Offset = NO_OFFSET) -> GeoReference:
    """Return the place that PROJ text, an EPSG code or WKT says; ``why`` tells what was assumed.

    A transverse Mercator without lat_0 and lon_0, and what PROJ does not understand, mean 42 N,
    2 E, as CARLA's client has it. Altitudes (``+alt_0=``, ``+h_0=`` or the malformed ``+=alt_0=``)
    are those of the origin above the ellipsoid, 0 m without one.
    """
    crs = _horizontal(text)
    if not crs:
        return _default(text, "the map does not say where it is")
    try:
        _projection(crs)
        longitude, latitude = _to_degrees(crs, offset[0], offset[1])
    except ValueError as error:
        return _default(text, f"the map's geoReference cannot be used ({error})")
    altitude_m, height_why = _altitude(text)
    moved = "" if offset == NO_OFFSET else " and offset"
    if offset[2]:
        height_why += f", {offset[2]:+g} m of the offset"
    return GeoReference(
        round(float(latitude), 12),
        round(float(longitude), 12),
        altitude_m + offset[2],
        f"the map's geoReference{moved}, {height_why}",
        True,
        crs,
        offset,
    )


def client_place(text: str) -> tuple[float, float]:
    """Return the latitude and longitude (deg) that CARLA 0.9.16's client reads from the header."""
    found = {name: float(value) for name, value in _CLIENT.findall(text)}
    if len(found) < 2:
        return DEFAULT_LATITUDE_DEG, DEFAULT_LONGITUDE_DEG
    return found["lat_0"], found["lon_0"]


def to_earth(place: GeoReference, points: ArrayLike) -> Array:
    """Return WGS84 (latitude deg, longitude deg, altitude m) (..., 3) of map points (..., 3)."""
    p = np.asarray(points, np.float64)
    x0, y0, _, heading = place.offset
    cos, sin = np.cos(heading), np.sin(heading)
    x, y = x0 + cos * p[..., 0] - sin * p[..., 1], y0 + sin * p[..., 0] + cos * p[..., 1]
    longitude, latitude = _to_degrees(_crs_of(place), x, y)
    return np.stack([latitude, longitude, p[..., 2] + place.altitude_m], axis=-1)


def to_map(place: GeoReference, positions: ArrayLike) -> Array:
    """Return map points (..., 3) in m of WGS84 (latitude deg, longitude deg, altitude m)."""
    p = np.asarray(positions, np.float64)
    transformer, unit_m = _projection(_crs_of(place))
    x, y = transformer.transform(p[..., 1], p[..., 0])
    x0, y0, _, heading = place.offset
    x, y = np.asarray(x) * unit_m - x0, np.asarray(y) * unit_m - y0
    cos, sin = np.cos(heading), np.sin(heading)
    return np.stack([cos * x + sin * y, -sin * x + cos * y, p[..., 2] - place.altitude_m], axis=-1)


def north_of(place: GeoReference, positions: ArrayLike) -> Array:
    """Return the heading (...,) of true north in the map, in rad, at WGS84 positions (..., 3)."""
    p = np.asarray(positions, np.float64)
    away = to_map(place, p + (_NORTH_DEG, 0.0, 0.0)) - to_map(place, p)
    return np.asarray(np.arctan2(away[..., 1], away[..., 0]))


def _default(text: str, trouble: str) -> GeoReference:
    altitude_m, height_why = _altitude(text)
    return GeoReference(
        DEFAULT_LATITUDE_DEG,
        DEFAULT_LONGITUDE_DEG,
        altitude_m,
        f"{trouble}: CARLA's default, {height_why}",
        given=False,
    )


def _altitude(text: str) -> tuple[float, str]:
    above = "; heights above the geoid are taken as those above the ellipsoid"
    geoid = above if "+geoidgrids=" in text else ""
    for key, value in _ALTITUDE.findall(text):
        try:
            altitude_m = float(value)
        except ValueError:
            continue
        if abs(altitude_m) < 1e5:
            return altitude_m, f"altitude from {key}={geoid}"
    return 0.0, f"no altitude given: 0 m{geoid}"


def _horizontal(text: str) -> str:
    """Return what PROJ is to know the horizontal system by; empty when nothing is said."""
    text = text.strip()
    init = _INIT.search(text)
    if init is not None:
        return init[1].upper()
    if "[" in text or not _PROJ.search(text):
        return text
    text = _VERTICAL.sub("", text).strip()
    placed = [name for name in ("+lat_0=", "+lon_0=") if name in text]
    if "+proj=" not in text:
        return f"+proj=tmerc {text}" if len(placed) == 2 else ""
    return "" if "+proj=tmerc" in text and not placed else text


def _crs_of(place: GeoReference) -> str:
    return place.crs or (
        f"+proj=tmerc +lat_0={place.latitude_deg!r} +lon_0={place.longitude_deg!r} +k=1 "
        "+datum=WGS84 +units=m"
    )


@lru_cache(maxsize=16)
def _projection(crs: str) -> tuple[Transformer, float]:
    """Return the way from degrees to a projection, and its unit in metres.

    ValueError when PROJ does not understand it, or it is none to metres.
    """
    # Imported here: a quarter of a second that those who ask for no place need not wait.
    from pyproj import CRS, Transformer
    from pyproj.exceptions import CRSError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is lost when it is written as PROJ text
        try:
            system = CRS.from_user_input(crs)
        except CRSError as error:
            raise ValueError(str(error).partition("\n")[0].partition(": (Internal")[0]) from None
        if system.is_compound:
            system = system.sub_crs_list[0]
        if not system.is_projected:
            raise ValueError(f"{system.type_name} is no projection to metres")
        transformer = Transformer.from_crs(_WGS84, system, always_xy=True)
    axes: Iterable[float] = (axis.unit_conversion_factor for axis in system.axis_info)
    return transformer, next(iter(axes), 1.0)


def _to_degrees(crs: str, x: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    """Return longitudes and latitudes; ValueError for what lies outside of the projection."""
    transformer, unit_m = _projection(crs)
    longitude, latitude = transformer.transform(
        np.asarray(x) / unit_m, np.asarray(y) / unit_m, direction="INVERSE"
    )
    if not np.all(np.isfinite([longitude, latitude])):
        raise ValueError("it puts the map nowhere on earth")
    return np.asarray(longitude), np.asarray(latitude)
