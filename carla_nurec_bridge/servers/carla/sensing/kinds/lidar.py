"""Lidars with weak and lost returns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .....rendering.lidar import LidarFrame
from ...attributes import real
from ...world.actors import EpisodeActor
from ...world.episode import Episode
from ..kind import SensorKind
from ..noise import random_of
from ..spinning_lidar import SpinningLidar, carla_points


class Lidar(SpinningLidar):
    """Sends place and intensity of every return that is not lost."""

    def __init__(self, episode: Episode, actor: EpisodeActor) -> None:
        """Read turn and noise; InputError when the attributes measure nothing."""
        super().__init__(episode, actor)
        values = actor.attributes
        self._attenuation_per_m = real(values, "atmosphere_attenuation_rate")
        self._dropoff = real(values, "dropoff_general_rate")
        self._weak_intensity = real(values, "dropoff_intensity_limit")
        self._dropoff_at_zero = real(values, "dropoff_zero_intensity")
        self._range_stddev_m = real(values, "noise_stddev")
        self._random = random_of(actor, episode.seed)

    def thinned(self, directions: NDArray[np.float32]) -> NDArray[np.float32]:
        """Drop CARLA's general share of the rays."""
        if self._dropoff > 0.0:
            directions[self._random.random(directions.shape[:2]) < self._dropoff] = 0.0
        return directions

    def points(
        self, frame: LidarFrame, directions: NDArray[np.float32], keep: NDArray[np.bool_]
    ) -> NDArray[np.float32]:
        """Return (N, 4) x, y, z, intensity; some weak returns are taken off ``keep``."""
        with np.errstate(invalid="ignore", over="ignore"):  # a rate below 0 gives no bound
            intensity = np.exp(-self._attenuation_per_m * frame.range_m)
        limit, zero = self._weak_intensity, self._dropoff_at_zero
        weak = keep & (intensity <= limit)
        if limit > 0.0 and weak.any():
            chance = zero / limit * intensity[weak] + (1.0 - zero)
            keep[weak] = self._random.random(int(weak.sum())) < chance
        ranges = frame.range_m[keep]
        if self._range_stddev_m > 0.0:
            noise = self._random.normal(0.0, self._range_stddev_m, len(ranges))
            ranges = ranges + noise.astype(np.float32)
        points = np.empty((len(ranges), 4), np.float32)
        points[:, :3] = carla_points(directions[keep], ranges)
        points[:, 3] = intensity[keep]
        return points


KIND = SensorKind("sensor.lidar.ray_cast", 11, Lidar)
