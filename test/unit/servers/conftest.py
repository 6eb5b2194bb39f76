"""A world of the embedded CARLA server inside the test's process, and what it sends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import pytest

from carla_nurec_bridge.servers.carla.simulation import Simulation
from carla_nurec_bridge.servers.carla.spawning import spawn
from carla_nurec_bridge.servers.carla.wire.streams import Part, StreamHub
from carla_nurec_bridge.servers.carla.wire.structs import (
    ActorDescription,
    AttributeValue,
    EpisodeSettings,
    Transform,
)
from carla_nurec_bridge.servers.carla.world.actors import EpisodeActor
from carla_nurec_bridge.servers.carla.world.blueprints import definitions_by_id
from carla_nurec_bridge.town.maps import find_maps


class Audience(StreamHub):
    """Listens to every stream: keeps the messages by the stream's number."""

    def __init__(self) -> None:
        super().__init__(port=1)
        self.heard: defaultdict[int, list[bytes]] = defaultdict(list)

    def has_listener(self, stream_id: int) -> bool:
        return True

    def publish(self, stream_id: int, parts: Sequence[Part], *, keep_all: bool) -> None:
        self.heard[stream_id].append(b"".join(bytes(part) for part in parts))


class World:
    """A synchronous world at 20 Hz on the demo town."""

    def __init__(self) -> None:
        self.audience = Audience()
        self.simulation = Simulation(*find_maps("demo_town", None), self.audience)
        self.fresh()

    def fresh(self) -> None:
        """Begin a new episode."""
        self.simulation.load("")
        self.simulation.apply_settings(EpisodeSettings(True, fixed_delta_seconds=0.05))

    def spawn(
        self,
        blueprint: str,
        transform: Transform,
        parent: EpisodeActor | None = None,
        **values: str,
    ) -> EpisodeActor:
        """Bring an actor into the world with its blueprint's attributes or others."""
        definition = definitions_by_id()[blueprint]
        attributes = [
            AttributeValue(a.id, a.type, values.get(a.id, a.value)) for a in definition.attributes
        ]
        description = ActorDescription(definition.uid, blueprint, attributes)
        return spawn(
            self.simulation.episode, self.simulation.sensors, description, transform, parent=parent
        )

    def car(self, point: int = 0) -> EpisodeActor:
        """Put a car on a spawn point."""
        return self.spawn(
            "vehicle.tesla.model3", Transform(*self.simulation.episode.level.spawns[point])
        )

    def tick(self, count: int = 1) -> None:
        """Advance the world with the data of its sensors."""
        for _ in range(count):
            self.simulation.step()
            self.simulation.finish_frame()

    def heard(self, sensor: EpisodeActor) -> list[bytes]:
        """Return the messages of a sensor so far."""
        return self.audience.heard[int.from_bytes(sensor.token[:4], "little")]


@pytest.fixture(scope="session")
def only_world() -> World:
    return World()


@pytest.fixture
def world(only_world: World) -> Iterator[World]:
    """Return a fresh episode; it ends without sensors."""
    only_world.fresh()
    yield only_world
    only_world.fresh()
