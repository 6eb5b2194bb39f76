"""Walkers that stroll along the sidewalks, the same for a seed."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import final

import carla
import numpy as np

from ..carla_client.session.session import Session
from .placing import remove

_STEP_M = 2.0
_REACHED_M = 0.8
_HEIGHT_M = 1.1
_CLEAR_M = 3.0
_PACES_MPS = (0.9, 1.6)
_SITES_EVERY_M = 12.0


@dataclass
class _Stroller:
    walker: carla.Walker
    target: carla.Waypoint
    onwards: bool
    pace_mps: float


@final
class Strollers:
    """Walkers called ``walker_000`` and so on; ``step`` goes after every tick."""

    def __init__(self, session: Session, seed: int) -> None:
        self._session = session
        self._rng = np.random.default_rng([seed, 7])
        self._people: list[_Stroller] = []

    def __enter__(self) -> Strollers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def spawn(self, count: int) -> int:
        """Put up to ``count`` walkers on sidewalks; return how many the map had room for."""
        if count == 0:
            return 0
        world = self._session.world
        library = sorted(
            world.get_blueprint_library().filter("walker.pedestrian.*"), key=lambda b: b.id
        )
        taken: list[carla.Location] = []
        for site in self._sites():
            here = site.transform.location
            if len(self._people) == count:
                break
            if any(here.distance(other) < _CLEAR_M for other in taken):
                continue
            blueprint = library[int(self._rng.integers(len(library)))]
            if blueprint.has_attribute("role_name"):
                blueprint.set_attribute("role_name", f"walker_{len(self._people):03d}")
            place = carla.Transform(
                here + carla.Location(z=_HEIGHT_M), carla.Rotation(yaw=site.transform.rotation.yaw)
            )
            walker = world.try_spawn_actor(blueprint, place)
            if walker is not None:
                taken.append(here)
                onwards = bool(self._rng.integers(2))
                pace_mps = float(self._rng.uniform(*_PACES_MPS))
                self._people.append(_Stroller(walker, site, onwards, pace_mps))
        return len(self._people)

    def step(self) -> None:
        """Tell everybody where to walk in the next tick."""
        snapshot = self._session.world.get_snapshot()
        for person in self._people:
            state = snapshot.find(person.walker.id)
            if state is None:
                continue  # spawned after the last tick
            here = state.get_transform().location
            away = person.target.transform.location - here
            if np.hypot(away.x, away.y) < _REACHED_M:
                self._turn_to_next(person)
                away = person.target.transform.location - here
            length = max(float(np.hypot(away.x, away.y)), 1e-6)
            direction = carla.Vector3D(away.x / length, away.y / length, 0.0)
            person.walker.apply_control(carla.WalkerControl(direction, person.pace_mps, False))

    def close(self) -> None:
        """Remove the walkers; a second call does nothing."""
        people, self._people = self._people, []
        try:
            remove(self._session, [person.walker for person in people])
        except RuntimeError:
            return  # the server is gone, and they with it

    def _sites(self) -> list[carla.Waypoint]:
        """Return places on sidewalks in random order."""
        lanes = self._session.map.generate_waypoints(_SITES_EVERY_M)
        lanes.sort(key=lambda w: (w.road_id, w.section_id, w.lane_id, w.s))
        found = [_sidewalk_beside(lanes[int(i)]) for i in self._rng.permutation(len(lanes))]
        return [site for site in found if site is not None]

    def _turn_to_next(self, person: _Stroller) -> None:
        """Give a walker its next target; where the sidewalk ends, it turns back."""
        for onwards in (person.onwards, not person.onwards):
            ahead = (person.target.next if onwards else person.target.previous)(_STEP_M)
            walks = [w for w in ahead if w.lane_type == carla.LaneType.Sidewalk]
            if walks:
                person.onwards = onwards
                person.target = walks[int(self._rng.integers(len(walks)))]
                return


def _sidewalk_beside(lane: carla.Waypoint) -> carla.Waypoint | None:
    """Return the sidewalk to the right of a lane, None where there is none."""
    beside = None if lane.is_junction else lane.get_right_lane()
    while beside is not None and beside.lane_type != carla.LaneType.Sidewalk:
        beside = beside.get_right_lane()
    return beside
