"""The stage of a run: a session with its ego, its traffic and its route, set up for a seed.

The closed loop and its rehearsal both begin here, so that the same seed gives both the same
vehicles at the same places.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import final

import carla
import numpy as np

from ..core.errors import BridgeError, InputError
from .ego import Ego, find_by_role, measure, spawn
from .route import Route, choose
from .session import Session, matrix_of
from .signals import StopArea, stop_areas
from .traffic import Traffic

_SETTLE_TICKS = 10
_APPEAR_TICKS = 40


@dataclass(frozen=True)
class Play:
    """What is put on the stage; ``log`` replays a recording instead of driving."""

    seed: int
    ego_blueprint: str
    role_name: str
    vehicles: int
    route_length_m: float
    log: Path | None = None
    log_start_s: float = 0.0


@final
class Stage:
    """An ego in a synchronous world; ``close`` removes what was spawned.

    ``settled`` ticks have passed when it is open: vehicles have come to rest on their wheels, and
    of a recording the first actors have appeared.
    """

    def __init__(self, session: Session, play: Play) -> None:
        self._session = session
        self._play = play
        self._spawned: carla.Vehicle | None = None
        self._traffic: Traffic | None = None
        self._replaying = False
        self.route: Route | None = None
        self.stops: Sequence[StopArea] = ()
        self.snapshot: carla.WorldSnapshot
        self.ego: Ego

    def __enter__(self) -> Stage:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def session(self) -> Session:
        """The session whose world this is."""
        return self._session

    def open(self) -> None:
        """Set the stage; InputError says what does not fit."""
        log = self._play.log
        actor = self._drive() if log is None else self._replay(log)
        state = self.snapshot.find(actor.id)
        self.ego = measure(actor, matrix_of(state.get_transform()))
        self.stops = stop_areas(self._session.world, self._session.map)

    def _drive(self) -> carla.Vehicle:
        world, play = self._session.world, self._play
        starts = self._session.map.get_spawn_points()
        if not starts:
            raise InputError(f"the map {self._session.map.name} has no spawn points")
        stops = stop_areas(world, self._session.map)
        points = np.array([area.map_from_area[:3, 3] for area in stops]).reshape(-1, 3)
        start, self.route = choose(
            self._session.map, starts, play.route_length_m, points, play.seed
        )
        actor = find_by_role(world, play.role_name)
        if actor is None:
            actor = self._spawned = spawn(world, play.ego_blueprint, play.role_name, start)
        self._traffic = Traffic(self._session.client, world, play.seed)
        self._traffic.spawn(play.vehicles, starts, start.location)
        actor.apply_control(carla.VehicleControl(brake=1.0, hand_brake=True))
        for _ in range(_SETTLE_TICKS):
            self.snapshot = self._session.tick()
        return actor

    def _replay(self, log: Path) -> carla.Vehicle:
        client, play = self._session.client, self._play
        # The first tick of a replay shows the recording's first frame.
        answer = client.replay_file(str(log.resolve()), play.log_start_s, 0.0, 0)
        if "Total time recorded" not in answer:
            raise InputError(f"CARLA cannot replay {log}: {' '.join(answer.split())}")
        self._replaying = True
        for _ in range(_APPEAR_TICKS):
            self.snapshot = self._session.tick()
            actor = find_by_role(self._session.world, play.role_name)
            if actor is not None and self.snapshot.find(actor.id) is not None:
                return actor
        raise InputError(
            f"no vehicle with role_name {play.role_name!r} appeared in the replay of {log} within "
            f"{_APPEAR_TICKS} ticks; name another one, or start later in the recording"
        )

    def close(self) -> None:
        """Take everything off the stage; a second call does nothing."""
        traffic, self._traffic = self._traffic, None
        spawned, self._spawned = self._spawned, None
        try:
            if traffic is not None:
                traffic.close()
            if spawned is not None:
                self._session.client.apply_batch([carla.command.DestroyActor(spawned.id)])
            if self._replaying:
                self._session.client.stop_replayer(False)
        except (RuntimeError, BridgeError):
            return  # the server is gone, and everything on the stage with it
        finally:
            self._replaying = False
