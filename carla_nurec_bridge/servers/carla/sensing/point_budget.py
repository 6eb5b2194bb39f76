"""How many points a sensor sends at most, so that nobody's attributes hold a tick up."""

from __future__ import annotations

import logging

from ..world.actors import EpisodeActor

_log = logging.getLogger(__name__)

MOST_OF_LIDAR, MOST_OF_RADAR = 1_000_000, 100_000
"""In one measurement, of a fifth of a second's work; the largest lidars send half as many."""


class PointBudget:
    """The points of one sensor; says once that more were asked for.

    CARLA traces all that are asked for, as long as that takes and while memory lasts.
    """

    def __init__(self, actor: EpisodeActor, most: int) -> None:
        self._most = most
        self._name = f"{actor.description.id} (actor {actor.id})"
        self._told = False

    def within(self, points: float) -> int:
        """Return how many of the wanted points there are to be."""
        if points <= self._most:
            return int(points)
        if not self._told:
            self._told = True
            _log.warning(
                "%s asks for %.4g points a measurement (points_per_second); it gets %d, so that "
                "the tick does not wait",
                self._name,
                points,
                self._most,
            )
        return self._most
