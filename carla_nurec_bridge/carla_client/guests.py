"""Actors that a user spawns while a run goes on, from a short YAML text."""

from __future__ import annotations

from types import TracebackType
from typing import Annotated, final

import carla
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..core.errors import InputError
from ..core.frames import matrix_from_xyz_rpy
from .ego import spawn
from .session import Session, transform_of
from .traffic import free_port

_Metres = Annotated[float, Field(ge=-1e6, le=1e6)]


class Guest(BaseModel):
    """One actor: where, in the map frame, or at which of the map's spawn points."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    blueprint: str = "vehicle.tesla.model3"
    role_name: str = "guest"
    position_m: tuple[_Metres, _Metres, _Metres] | None = None
    yaw_rad: Annotated[float, Field(ge=-7.0, le=7.0)] = 0.0
    spawn_point: Annotated[int, Field(ge=0)] | None = None
    autopilot: bool = False

    @model_validator(mode="after")
    def _placed(self) -> Guest:
        if (self.position_m is None) == (self.spawn_point is None):
            raise ValueError("give either position_m or spawn_point")
        return self


def read_guests(text: str) -> list[Guest]:
    """Read a YAML list of actors, or one alone; InputError names the entry and the field."""
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"the actors to spawn are not YAML: {' '.join(str(error).split())}") from (
            error
        )
    entries = content if isinstance(content, list) else [content]
    guests = []
    for index, entry in enumerate(entries):
        try:
            guests.append(Guest.model_validate(entry))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, (index, *first["loc"])))
            raise InputError(f"actor {where}: {first['msg']}; found {first['input']!r}") from error
    return guests


@final
class Guests:
    """The actors that were spawned; ``close`` destroys them and nobody else's."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._actors: list[carla.Vehicle] = []
        self._manager: carla.TrafficManager | None = None
        self._waiting: list[carla.Vehicle] = []

    def __enter__(self) -> Guests:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def spawn(self, guests: list[Guest]) -> list[int]:
        """Spawn them all; return their actor ids. InputError when one has no room."""
        ids = []
        for guest in guests:
            actor = spawn(self._session.world, guest.blueprint, guest.role_name, self._place(guest))
            self._actors.append(actor)
            ids.append(actor.id)
            if guest.autopilot:
                self._traffic_port()
                self._waiting.append(actor)
        return ids

    def after_tick(self) -> None:
        """Let those drive that are to: the Traffic Manager forgets who was in no state yet."""
        waiting, self._waiting = self._waiting, []
        for actor in waiting:
            actor.set_autopilot(True, self._traffic_port())

    def _place(self, guest: Guest) -> carla.Transform:
        if guest.position_m is not None:
            return transform_of(matrix_from_xyz_rpy(guest.position_m, (0.0, 0.0, guest.yaw_rad)))
        points = self._session.map.get_spawn_points()
        assert guest.spawn_point is not None
        if guest.spawn_point >= len(points):
            raise InputError(
                f"the map has no spawn point {guest.spawn_point}; it has {len(points)}"
            )
        return points[guest.spawn_point]

    def _traffic_port(self) -> int:
        if self._manager is None:
            self._manager = self._session.traffic_managers.open(free_port())
        return int(self._manager.get_port())

    def close(self) -> None:
        """Destroy what was spawned; a second call does nothing."""
        actors, self._actors = self._actors, []
        manager, self._manager = self._manager, None
        try:
            if manager is not None:
                self._session.traffic_managers.close(manager)
            if actors:
                self._session.client.apply_batch(
                    [carla.command.DestroyActor(actor.id) for actor in actors]
                )
        except RuntimeError:
            return  # the server is gone, and its actors with it
