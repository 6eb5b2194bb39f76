"""The services of ``simulation_interfaces`` without CARLA: a stage of two things, and who asks."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from carla_nurec_bridge.carla_client.actors.entities import Entity, EntityMotion
from carla_nurec_bridge.carla_client.actors.spawned_actors import ActorSpec
from carla_nurec_bridge.core.errors import InputError

BLUEPRINTS = ("vehicle.audi.tt", "walker.pedestrian.0001")


def thing(name: str, kind: Any = "vehicle") -> Entity:
    eye = np.eye(4)
    return Entity(
        name, kind, "car", "vehicle.audi.tt", SimpleNamespace(id=1), eye, eye, (4.0, 2.0, 1.5)
    )


class FakeEntities:
    """Keeps what it is asked for in ``asked``; raises ``fault`` instead, if there is one."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.fault: Exception | None = None
        self._all = [thing("hero", "ego")]
        self.blueprints = [SimpleNamespace(id=name) for name in BLUEPRINTS]
        self.spawned: list[Any] = []

    def _note(self, *asked: Any) -> None:
        if self.fault is not None:
            raise self.fault
        self.asked.append(asked)

    def all(self) -> list[Entity]:
        return list(self._all)

    def find(self, name: str) -> Entity | None:
        return next((entity for entity in self._all if entity.name == name), None)

    def motion(self, _entity: Entity) -> EntityMotion:
        return EntityMotion(np.eye(4), *np.zeros((3, 3)))

    def place(self, entity: Entity, pose: Any, twist: Any) -> None:
        self._note("place", entity.name, pose, twist)

    def spawn(self, kind: ActorSpec, pose: Any) -> Entity:
        self._note("spawn", kind.blueprint, kind.role_name, pose)
        self._all.append(thing(kind.role_name))
        return self._all[-1]

    def remove(self, entity: Entity) -> None:
        self._note("remove", entity.name)
        self._all.remove(entity)


class FakeRun:
    """The run that services may ask."""

    def __init__(self) -> None:
        self.entities = FakeEntities()
        self.stamp_ns = 5
        self.worlds: list[tuple[str, str]] = []
        town = SimpleNamespace(name="Carla/Maps/Town01", get_spawn_points=list)
        client = SimpleNamespace(get_available_maps=lambda: ["/Game/Carla/Maps/Town01"])
        self.session = SimpleNamespace(map=town, client=client)

    def reset(self, *, keep_spawned: bool) -> None:
        raise InputError(f"not here, with {keep_spawned=}")

    def destroy_spawned(self) -> None:
        self.entities._all = self.entities._all[:1]

    def load_world(self, name: str, xodr: str) -> None:
        self.worlds.append((name, xodr))


class FakeExecutor:
    """Keeps what is served, to be asked in this thread."""

    def __init__(self) -> None:
        self.served: dict[str, tuple[Any, Any]] = {}

    def serve(self, kind: Any, name: str, answer: Any) -> None:
        self.served[name] = (kind, answer)

    def act(self, kind: Any, name: str, execute: Any) -> None:
        self.served[name] = (kind, execute)

    def ask(self, name: str, /, **fields: Any) -> Any:
        kind, answer = self.served[name]
        return answer(kind.Request(**fields), kind.Response())


class HereControl:
    """Does at once, in the asking thread, what is to be done between frames."""

    state = "playing"

    def call(self, work: Any) -> Any:
        return work()

    def become(self, state: Any) -> None:
        self.state = state
