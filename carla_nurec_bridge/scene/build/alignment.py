"""Where a drive lies on a map: by the place on earth, as it says itself, or where it is wanted."""

from __future__ import annotations

import numpy as np

from ...core.errors import InputError
from ...core.frames import Matrix, rigid, rotation_from_rpy
from ...opendrive.geo_reference import DEFAULT_LATITUDE_DEG, DEFAULT_LONGITUDE_DEG
from ..geodesy import GeoReference, geo_reference, geodetic_from_ecef
from ..package.reading import MAP
from .samples import Samples

Three = tuple[float, float, float]


def map_place(
    ego: Samples, xodr: str | None, origin: Three | None, start_at: Three | None
) -> tuple[GeoReference, list[str]]:
    """Return where the map's origin is on earth, and the sentence that says why there.

    ``origin`` is (latitude, longitude in deg, altitude in m), ``start_at`` (x, y in m, yaw in rad)
    of the map. InputError when positions on earth meet a map that does not say where it is.
    """
    own = own_place(ego)
    if origin is not None:
        place = GeoReference(*origin, "as given")
    elif xodr is not None:
        place = geo_reference(xodr, MAP)
        if own and not place.given and start_at is None:
            raise InputError(
                f"{ego.source} has positions on earth, but {place.why.partition(': ')[0]}; give "
                "its origin with --origin LAT,LON,ALT or where the drive begins with --start-at"
            )
    else:
        place = own or GeoReference(
            DEFAULT_LATITUDE_DEG, DEFAULT_LONGITUDE_DEG, 0.0, "nothing says where: CARLA's default"
        )
    by = "the place on earth" if own else "x, y, z are those of the map"
    if start_at is not None:
        x, y, yaw = start_at
        by = f"the drive is moved to begin at {x:g}, {y:g} m, {np.degrees(yaw):g} deg of the map"
    return place, [f"alignment: {by}; the map's origin is {place.words()}"]


def own_place(samples: Samples) -> GeoReference | None:
    """Return the place on earth of the first sample, None for samples in the map."""
    if samples.frame == "map":
        return None
    first = samples.positions[0]
    degrees = first if samples.frame == "wgs84" else geodetic_from_ecef(first)
    lat, lon, alt = (float(v) for v in degrees)
    return GeoReference(lat, lon, alt, "the trajectory's first position")


def move_to(start_at: Three, map_from_rig: Matrix) -> Matrix:
    """Return the move (4, 4) over the ground that takes a pose (4, 4) to x, y (m), yaw (rad)."""
    x, y, yaw = start_at
    turn = rotation_from_rpy((0.0, 0.0, yaw - np.arctan2(map_from_rig[1, 0], map_from_rig[0, 0])))
    there = turn @ map_from_rig[:3, 3]
    return rigid(turn, (x - there[0], y - there[1], 0.0))
