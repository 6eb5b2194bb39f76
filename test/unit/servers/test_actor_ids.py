"""Actor ids never come again, also after a map load, but for a replay of the same actor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.servers.carla.clients import Clients
from carla_nurec_bridge.servers.carla.wire.structs import ActorDescription, AttributeValue
from carla_nurec_bridge.servers.carla.world import episode as episode_module
from carla_nurec_bridge.servers.carla.world.actors import ActorIds, EpisodeActor, Registry

if TYPE_CHECKING:
    from conftest import World


def looks(blueprint: str, **attributes: str) -> ActorDescription:
    values = [AttributeValue(name, 4, value) for name, value in attributes.items()]
    return ActorDescription(1, blueprint, values)


CAR = looks("vehicle.audi.tt", role_name="hero", color="1,2,3")


def test_a_map_load_goes_on_counting(world: World) -> None:
    simulation, seen = world.simulation, set[int]()
    for _ in range(3):
        world.car()
        ids = [actor.id for actor in simulation.episode.actors]
        assert len(ids) > 2
        assert seen.isdisjoint(ids)
        assert not seen or min(ids) > max(seen)
        seen.update(ids)
        world.fresh()


def test_streams_and_frames_go_on_too(world: World) -> None:
    stream, frame = world.simulation.streams.new_stream(), world.simulation.episode.frame
    world.fresh()
    world.tick()
    assert world.simulation.streams.new_stream() == stream + 1
    assert world.simulation.episode.frame == frame + 1


@dataclass
class Server:
    """Ids, and the world of now."""

    clients: Clients
    ids: ActorIds
    actors: Registry

    def live(self, description: ActorDescription) -> int:
        """Let an actor live; return its id."""
        number = self.actors.new_id(description)
        return self.actors.add(EpisodeActor(number, "vehicle", description)).id

    def load(self) -> None:
        """Load a map: all actors end."""
        self.actors.close()
        self.actors = Registry(self.ids)


@pytest.fixture
def server() -> Server:
    """Return a server with one client."""
    clients = Clients()
    clients.join()
    ids = ActorIds(clients)
    return Server(clients, ids, Registry(ids))


def test_a_replay_gets_a_number_that_nobody_had(server: Server) -> None:
    assert server.actors.new_id(CAR, wanted=300) == 300
    ids = [server.live(CAR) for _ in range(400)]
    assert ids == [*range(1, 300), *range(301, 402)]


def test_a_replay_never_gets_the_number_of_a_live_actor(server: Server) -> None:
    assert server.actors.new_id(CAR, wanted=server.live(CAR)) == 2


@pytest.mark.parametrize("ends", ["load", "destroyed"])
def test_a_replay_gets_the_number_of_a_gone_actor_that_looked_the_same(
    server: Server, ends: str
) -> None:
    number = server.live(CAR)
    if ends == "load":
        server.load()
    else:
        server.actors.remove(server.actors.get(number))
    same = looks("vehicle.audi.tt", color="1,2,3", role_name="hero")
    assert server.actors.new_id(same, wanted=number) == number


@pytest.mark.parametrize(
    "other",
    [
        looks("vehicle.audi.tt", role_name="hero", color="1,2,4"),
        looks("vehicle.audi.etron", role_name="hero", color="1,2,3"),
        looks("traffic.traffic_light"),
    ],
    ids=["colour", "model", "light"],
)
def test_a_replay_of_another_actor_gets_a_new_number_while_a_client_knows_the_old(
    server: Server, other: ActorDescription
) -> None:
    number = server.live(CAR)
    server.load()
    assert server.actors.new_id(other, wanted=number) == number + 1
    server.clients.leave(1)
    server.clients.join()
    assert server.actors.new_id(other, wanted=number) == number, "nobody remembers"


def test_a_client_that_came_while_the_old_actor_lived_counts(server: Server) -> None:
    number = server.live(CAR)
    server.clients.join()
    server.clients.leave(1)
    server.load()
    server.clients.join()
    other = looks("traffic.traffic_light")
    assert server.actors.new_id(other, wanted=number) != number
    server.clients.leave(2)
    assert server.actors.new_id(other, wanted=number) == number


def test_a_sensor_gets_no_number_again_for_its_stream_is_another(server: Server) -> None:
    camera = looks("sensor.camera.rgb")
    number = server.live(camera)
    server.load()
    assert server.actors.new_id(camera, wanted=number) != number


def test_a_map_that_cannot_be_opened_leaves_the_world_as_it_was(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    car, level = world.car(), world.simulation.episode.level
    world.simulation.maps.generated["Broken"] = level.xodr + " "

    def fail(*_: object) -> None:
        raise InputError("no such lane")

    monkeypatch.setattr(episode_module, "trigger_box", fail)
    with pytest.raises(InputError, match="no such lane"):
        world.simulation.load("Broken")
    world.tick(2)
    assert world.simulation.episode.level is level
    assert world.simulation.episode.actors.get(car.id) is car
