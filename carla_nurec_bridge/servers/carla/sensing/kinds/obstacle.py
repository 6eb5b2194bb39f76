"""Obstacle sensors: a ball pushed ahead, and how far it comes before it meets something."""

from __future__ import annotations

from dataclasses import dataclass

import msgpack
import numpy as np

from .....core.errors import InputError
from .....rendering.rays import cast
from .....town.tags import static_type
from ...attributes import flag, real
from ...wire.structs import ACTOR, ActorDescription
from ...world.actors import EpisodeActor
from ...world.episode import Episode
from ..kind import Moment, Payload, SensorKind

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

    def __init__(self, episode: Episode, actor: EpisodeActor) -> None:
        values = actor.attributes
        self._reach_m = real(values, "distance")
        self._radius_m = real(values, "hit_radius")
        self._only_dynamics = flag(values, "only_dynamics")
        if not (self._reach_m > 0.0 and self._radius_m >= 0.0):
            raise InputError("an obstacle sensor needs a distance above 0 and no negative radius")
        turns = [
            (share * self._radius_m, 2.0 * np.pi * k / count)
            for count, share in RINGS
            for k in range(count)
        ]
        self._offsets = np.array([(0.0, r * np.cos(a), r * np.sin(a)) for r, a in turns])
        # The ball's front is a half sphere: rays off the middle meet it later.
        aside = np.linalg.norm(self._offsets, axis=1)
        self._bulge_m = np.sqrt(np.maximum(self._radius_m**2 - aside**2, 0.0))

    def measure(self, moment: Moment) -> list[Payload]:
        """Return carrier, what the ball meets first, and metres to it; nothing when out of reach.

        The ball passes through what carries it, and with ``only_dynamics`` through all that is
        neither vehicle nor walker.
        """
        met = self._first_met(moment)
        if met is None:
            return []
        carrier = moment.actor.parent or moment.actor
        other = _met_actor(moment.episode, met)
        event = [ACTOR.encode(carrier.info()), ACTOR.encode(other.info()), met.distance_m]
        return [(msgpack.packb(event),)]

    def _first_met(self, moment: Moment) -> Meeting | None:
        map_from_sensor = moment.map_from_sensor
        rotation = map_from_sensor[:3, :3]
        origins = map_from_sensor[:3, 3] + self._offsets @ rotation.T
        directions = np.broadcast_to(rotation[:, 0], origins.shape)
        scene = moment.surroundings().scene
        hits = cast(scene, origins, directions, self._reach_m + self._radius_m)
        travelled = np.maximum(hits.range_m - self._bulge_m, 0.0)
        met = np.isfinite(hits.range_m) & (travelled <= self._reach_m)
        met &= ~np.isin(hits.instance, [actor.id for actor in moment.actor.lineage()])
        if self._only_dynamics:
            met &= np.isin(hits.instance, list(moment.episode.velocities()))
        if not met.any():
            return None
        first = int(np.argmin(np.where(met, travelled, np.inf)))
        return Meeting(float(travelled[first]), int(hits.instance[first]), int(hits.tag[first]))


def _met_actor(episode: Episode, met: Meeting) -> EpisodeActor:
    """Return the actor that was met; part of the level is an actor 0."""
    actor = episode.actors.find(met.instance)
    if actor is not None:
        return actor
    description = ActorDescription(0, static_type(met.tag))
    return EpisodeActor(0, "scenery", description, tags=bytes([met.tag]))


KIND = SensorKind("sensor.other.obstacle", 7, ObstacleProbe)
