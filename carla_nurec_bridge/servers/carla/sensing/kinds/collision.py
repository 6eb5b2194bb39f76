"""Contact sensors: whom their carrier met in a tick."""

from __future__ import annotations

from collections.abc import Iterator

import msgpack

from ...wire.structs import ACTOR, Vector
from ...world.actors import EpisodeActor
from ...world.episode import Episode
from ..kind import Moment, Payload, SensorKind


class CollisionSensor:
    """Tells of its carrier's collisions; it keeps nothing."""

    def __init__(self, episode: Episode, actor: EpisodeActor) -> None:
        """Do nothing: there are no attributes to read."""

    def measure(self, moment: Moment) -> Iterator[Payload]:
        """Yield carrier, other and the impulse on the carrier in N s of every meeting."""
        carrier = moment.actor.parent
        for met in moment.episode.collisions:
            x, y, z = met.impulse_n_s
            if met.one is carrier:
                yield _event(met.one, met.other, (-x, -y, -z))
            if met.other is carrier:
                yield _event(met.other, met.one, (x, y, z))


def _event(carrier: EpisodeActor, other: EpisodeActor, impulse_n_s: Vector) -> Payload:
    event = [ACTOR.encode(carrier.info()), ACTOR.encode(other.info()), list(impulse_n_s)]
    return (msgpack.packb(event),)


KIND = SensorKind("sensor.other.collision", 0, CollisionSensor)
