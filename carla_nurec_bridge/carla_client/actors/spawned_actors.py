"""Actors that a user spawns while a run goes on, from a short YAML text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeVar, final

import carla
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ...core.errors import InputError
from ...core.field_errors import problem_text
from ...core.files.plain_yaml import load_yaml
from ...core.frames import matrix_from_xyz_rpy
from ...core.machine.ports import free_port
from ...core.teardown import Teardown
from ..session.session import Session
from ..session.transforms import transform_of
from .ego import spawn

_Model = TypeVar("_Model", bound=BaseModel)
_Metres = Annotated[float, Field(ge=-1e6, le=1e6)]


class ActorSpec(BaseModel):
    """What an actor is: its blueprint and name, and whether the Traffic Manager drives it."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    blueprint: str = "vehicle.tesla.model3"
    role_name: str = "guest"
    autopilot: bool = False

    @model_validator(mode="after")
    def _drives(self) -> ActorSpec:
        if self.autopilot and not self.blueprint.startswith("vehicle."):
            raise ValueError("only vehicles have an autopilot")
        return self


class SpawnRequest(ActorSpec):
    """One actor: where, in the map frame, or at which of the map's spawn points."""

    position_m: tuple[_Metres, _Metres, _Metres] | None = None
    yaw_rad: Annotated[float, Field(ge=-7.0, le=7.0)] = 0.0
    spawn_point: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _placed(self) -> SpawnRequest:
        if (self.position_m is None) == (self.spawn_point is None):
            raise ValueError("give either position_m or spawn_point")
        return self


@dataclass(frozen=True)
class SpawnedActor:
    """An actor, as what and where it was spawned."""

    actor: carla.Actor
    spec: ActorSpec
    place: carla.Transform


def read_spawn_requests(text: str) -> list[SpawnRequest]:
    """Read a YAML list of actors, or one alone; InputError names the entry and the field."""
    content = _yaml(text)
    entries = content if isinstance(content, list) else [content]
    return [_checked(SpawnRequest, entry, f"actor {index}.") for index, entry in enumerate(entries)]


def read_spec(text: str) -> ActorSpec:
    """Read one actor without a place from YAML; InputError names the field."""
    return _checked(ActorSpec, _yaml(text), "actor ")


def _yaml(text: str) -> object:
    try:
        return load_yaml(text)
    except yaml.YAMLError as error:
        raise InputError(f"the actors to spawn are not YAML: {' '.join(str(error).split())}") from (
            error
        )


def _checked(model: type[_Model], entry: object, where: str) -> _Model:
    try:
        return model.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        where = f"{where}{field}".rstrip(".")
        raise InputError(f"{where}: {problem_text(first)}") from error


@final
class SpawnedActors:
    """The actors that were spawned; ``close`` destroys them and nobody else's."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.actors: list[SpawnedActor] = []
        self._manager: carla.TrafficManager | None = None
        self._waiting: list[carla.Vehicle] = []

    def spawn(self, spec: ActorSpec, place: carla.Transform) -> carla.Actor:
        """Spawn an actor and return it; InputError when it has no room or no blueprint."""
        actor = spawn(self._session.world, spec.blueprint, spec.role_name, place)
        self.actors.append(SpawnedActor(actor, spec, place))
        if spec.autopilot:
            self._traffic_port()
            self._waiting.append(actor)
        return actor

    def ids(self) -> set[int]:
        """Return who was spawned and is not destroyed."""
        return {one.actor.id for one in self.actors}

    def destroy(self, actor: carla.Actor) -> None:
        """Destroy an actor, whoever spawned it."""
        self.actors = [one for one in self.actors if one.actor.id != actor.id]
        self._waiting = [waiting for waiting in self._waiting if waiting.id != actor.id]
        self._session.client.apply_batch_sync([carla.command.DestroyActor(actor.id)], False)

    def after_tick(self) -> None:
        """Let those drive that are to: the Traffic Manager forgets who was in no state yet."""
        waiting, self._waiting = self._waiting, []
        for actor in waiting:
            actor.set_autopilot(True, self._traffic_port())

    def transform_for(self, request: SpawnRequest) -> carla.Transform:
        """Return where an actor is to stand; InputError when the map has no such spawn point."""
        if request.position_m is not None:
            return transform_of(
                matrix_from_xyz_rpy(request.position_m, (0.0, 0.0, request.yaw_rad))
            )
        points = self._session.map.get_spawn_points()
        assert request.spawn_point is not None
        if request.spawn_point >= len(points):
            raise InputError(
                f"the map has no spawn point {request.spawn_point}; it has {len(points)}"
            )
        return points[request.spawn_point]

    def _traffic_port(self) -> int:
        if self._manager is None:
            self._manager = self._session.traffic_managers.open(free_port())
        return int(self._manager.get_port())

    def close(self) -> None:
        """Destroy what was spawned; a second call does nothing."""
        actors, self.actors = self.actors, []
        manager, self._manager = self._manager, None
        managers, client = self._session.traffic_managers, self._session.client
        closing = Teardown(self._session.has_ended)
        if actors:
            batch = [carla.command.DestroyActor(one.actor.id) for one in actors]
            closing.add("spawned actors", lambda: client.apply_batch(batch))
        if manager is not None:
            closing.add("their Traffic Manager", lambda: managers.close(manager))
        closing.close()
