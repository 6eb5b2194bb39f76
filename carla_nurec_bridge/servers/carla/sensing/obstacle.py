"""Obstacle sensors: a ball pushed ahead, and how far it comes before it meets something."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from ....core.frames import Matrix
from ....rendering.rays import cast
from ....rendering.scene import RenderScene
from ..attributes import flag, real
from ..calls.errors import CallFailure
from ..world.actors import EpisodeActor

OBSTACLE, INDEX = "sensor.other.obstacle", 7
RINGS = ((1, 0.0), (8, 0.35), (16, 0.7), (24, 0.99))
"""Rays on each ring of the ball, and the ring's share of its radius."""


@dataclass(frozen=True)
class Meeting:
    """What the ball met: metres that its centre travelled, the instance met (or 0), its tag."""

    distance_m: float
    instance: int
    tag: int


class ObstacleProbe:
    """One obstacle sensor: its reach, the radius of its ball, and what it cares for."""

    def __init__(self, actor: EpisodeActor) -> None:
        values = actor.attributes
        self._reach_m = real(values, "distance")
        self._radius_m = real(values, "hit_radius")
        self.only_dynamics = flag(values, "only_dynamics")
        if not (self._reach_m > 0.0 and self._radius_m >= 0.0):
            raise CallFailure("an obstacle sensor needs a distance above 0 and no negative radius")
        turns = [
            (share * self._radius_m, 2.0 * np.pi * k / count)
            for count, share in RINGS
            for k in range(count)
        ]
        self._offsets = np.array([(0.0, r * np.cos(a), r * np.sin(a)) for r, a in turns])
        # The ball's front is a half sphere: rays off the middle meet it later.
        aside = np.linalg.norm(self._offsets, axis=1)
        self._bulge_m = np.sqrt(np.maximum(self._radius_m**2 - aside**2, 0.0))

    def measure(
        self,
        scene: RenderScene,
        map_from_sensor: Matrix,
        ignored: Collection[int],
        dynamic: Collection[int],
    ) -> Meeting | None:
        """Return what the ball meets first, None for nothing within reach.

        ``ignored`` are actors that it passes through; with ``only_dynamics`` it passes through all
        but the ``dynamic`` ones.
        """
        rotation = map_from_sensor[:3, :3]
        origins = map_from_sensor[:3, 3] + self._offsets @ rotation.T
        directions = np.broadcast_to(rotation[:, 0], origins.shape)
        hits = cast(scene, origins, directions, self._reach_m + self._radius_m)
        travelled = np.maximum(hits.range_m - self._bulge_m, 0.0)
        met = np.isfinite(hits.range_m) & (travelled <= self._reach_m)
        met &= ~np.isin(hits.instance, list(ignored))
        if self.only_dynamics:
            met &= np.isin(hits.instance, list(dynamic))
        if not met.any():
            return None
        first = int(np.argmin(np.where(met, travelled, np.inf)))
        return Meeting(float(travelled[first]), int(hits.instance[first]), int(hits.tag[first]))
