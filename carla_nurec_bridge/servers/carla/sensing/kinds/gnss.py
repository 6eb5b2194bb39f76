"""Satellite receivers: where a place lies on the globe."""

from __future__ import annotations

import math

import msgpack
import numpy as np

from .....opendrive.geo_reference import client_place
from ...attributes import by_axis
from ...world.actors import EpisodeActor
from ...world.episode import Episode
from ..kind import Moment, Payload, SensorKind
from ..noise import random_of

EARTH_RADIUS_M = 6378137.0
MERCATOR_SCALE = 0.9996


class Gnss:
    """A satellite receiver: latitude and longitude by the formula of CARLA's client."""

    def __init__(self, episode: Episode, actor: EpisodeActor) -> None:
        axes = ("lat", "lon", "alt")
        self._stddev = by_axis(actor.attributes, "noise_{}_stddev", axes)
        self._bias = by_axis(actor.attributes, "noise_{}_bias", axes)
        self._random = random_of(actor, episode.seed)
        self._origin_deg = client_place(episode.level.road_map.geo_reference_text)

    def measure(self, moment: Moment) -> list[Payload]:
        """Return latitude and longitude in degrees, and height in metres."""
        x, y, z = moment.map_from_sensor[:3, 3].tolist()
        values = np.array([*geodetic(x, -y, self._origin_deg), z])
        values += self._bias + self._stddev * self._random.normal(size=3)
        return [(msgpack.packb(values.tolist()),)]


def geodetic(x: float, y: float, origin_deg: tuple[float, float]) -> tuple[float, float]:
    """Return (latitude, longitude) in degrees of a CARLA place: spherical transverse Mercator.

    As the 0.9.16 client computes it, y is not mirrored: CARLA's +y gains latitude.
    """
    across = x / (MERCATOR_SCALE * EARTH_RADIUS_M)
    along = y / (MERCATOR_SCALE * EARTH_RADIUS_M) + math.radians(origin_deg[0])
    latitude = math.asin(math.sin(along) / math.cosh(across))
    longitude = math.radians(origin_deg[1]) + math.atan2(math.sinh(across), math.cos(along))
    return math.degrees(latitude), math.degrees(longitude)


KIND = SensorKind("sensor.other.gnss", 4, Gnss, runs_unheard=True)
