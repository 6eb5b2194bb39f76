"""Radars: random rays in a cone, each with the closing speed of what it meets."""

from __future__ import annotations

import math

import numpy as np

from .....core.buffers import flat_bytes
from .....core.errors import InputError
from .....rendering.rays import cast
from ...attributes import real, whole
from ...world.actors import EpisodeActor
from ...world.episode import Episode
from ..kind import Moment, Payload, SensorKind
from ..noise import random_of
from ..point_budget import MOST_OF_RADAR, PointBudget


class Radar:
    """One radar and its noise."""

    def __init__(self, episode: Episode, actor: EpisodeActor) -> None:
        values = actor.attributes
        self._fov_rad = (
            math.radians(real(values, "horizontal_fov")),
            math.radians(real(values, "vertical_fov")),
        )
        self._range_m = real(values, "range")
        self._points_per_second = whole(values, "points_per_second")
        self._random = random_of(actor, episode.seed)
        self._budget = PointBudget(actor, MOST_OF_RADAR)
        if not (self._range_m > 0.0 and self._points_per_second >= 0):
            raise InputError("a radar needs a range above 0 and no negative points_per_second")

    def measure(self, moment: Moment) -> list[Payload]:
        """Return detections (N, 4): velocity in m/s, azimuth and altitude in rad, depth in m.

        Negative velocity comes closer.
        """
        map_from_radar = moment.map_from_sensor
        velocities = moment.episode.velocities()
        own_velocity = velocities.get(moment.actor.root().id, _STILL)
        # CARLA cuts off what is left of a point, in 32 bits.
        points = np.float32(self._points_per_second) * np.float32(moment.tick_s)
        count = self._budget.within(float(points))
        radius = np.sqrt(self._random.random(count))
        turn = 2.0 * math.pi * self._random.random(count)
        azimuth = 0.5 * self._fov_rad[0] * radius * np.cos(turn)
        altitude = 0.5 * self._fov_rad[1] * radius * np.sin(turn)
        body = np.stack(
            [
                np.cos(altitude) * np.cos(azimuth),
                -np.cos(altitude) * np.sin(azimuth),
                np.sin(altitude),
            ],
            axis=-1,
        )
        directions = body @ map_from_radar[:3, :3].T
        origins = np.broadcast_to(map_from_radar[:3, 3], directions.shape)
        hits = cast(moment.surroundings().scene, origins, directions, self._range_m)
        seen = np.isfinite(hits.range_m)
        moving = np.array([velocities.get(i, _STILL) for i in hits.instance[seen].tolist()])
        closing = np.sum((moving.reshape(-1, 3) - own_velocity) * directions[seen], axis=1)
        points = np.stack([closing, azimuth[seen], altitude[seen], hits.range_m[seen]], axis=-1)
        return [(flat_bytes(np.ascontiguousarray(points, "<f4")),)]


_STILL = np.zeros(3)
KIND = SensorKind("sensor.other.radar", 9, Radar)
