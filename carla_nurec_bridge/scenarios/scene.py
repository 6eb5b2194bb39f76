"""The place where a script plays: who was put there, the tick, and the clearing away."""

from __future__ import annotations

from types import TracebackType
from typing import final

import carla
import numpy as np

from ..agents.route_follower import Obstacle
from ..carla_client.actors.traffic import Traffic
from ..carla_client.driving.paths import MapPath, heading_at
from ..carla_client.driving.roads import Stretch, find_stretch
from ..carla_client.session.session import Session
from ..core.errors import BridgeError
from ..core.frames import mirror_vector
from ..world.states import Vector
from .driver import Driver, Pedestrian, obstacle_of
from .placing import any_car, any_walker, put_vehicle, put_walker, remove, roll

HERO = "hero"
HERO_BLUEPRINT = "vehicle.lincoln.mkz_2020"
_CLEAR_OF_STAGE_M = 25.0


@final
class ScriptScene:
    """A synchronous world with scripted road users; ``close`` removes all that was spawned.

    ``time_s`` counts from the first recorded frame.
    """

    def __init__(self, session: Session, dt_s: float, seed: int) -> None:
        self._session = session
        self.dt_s = dt_s
        self._seed = seed
        self.rng = np.random.default_rng(seed)
        self.time_s = 0.0
        self.drivers: list[Driver] = []
        self._walkers: list[carla.Walker] = []
        self._sensors: list[carla.Actor] = []
        self._traffic: Traffic | None = None
        self.snapshot: carla.WorldSnapshot = session.world.get_snapshot()

    def __enter__(self) -> ScriptScene:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def stretch(self, length_m: float, *, prefer_same_direction: bool = False) -> Stretch:
        """Return a piece of road for the script (see ``find_stretch``)."""
        carla_map = self._session.map
        return find_stretch(
            carla_map, length_m, self.rng, prefer_same_direction=prefer_same_direction
        )

    def vehicle(self, role: str, path: MapPath, at_m: float, speed_mps: float) -> Driver:
        """Put a car on a path, ``at_m`` along it, rolling; the hero is always the same model.

        ``role`` is its role_name, by which the recording's events find it.
        """
        world, index = self._session.world, round(at_m)
        blueprint = HERO_BLUEPRINT if role == HERO else any_car(world, self.rng)
        vehicle = put_vehicle(world, blueprint, role, path, index)
        driver = Driver(vehicle, path, self.dt_s)
        self.drivers.append(driver)
        roll(vehicle, heading_at(path, index), speed_mps)
        # Recorders keep the collisions of those alone who carry this sensor.
        sensor = world.get_blueprint_library().find("sensor.other.collision")
        self._sensors.append(world.spawn_actor(sensor, carla.Transform(), attach_to=vehicle))
        return driver

    def pedestrian(self, role: str, where_m: Vector, heading_rad: float) -> Pedestrian:
        """Put a walker somewhere on the ground; ``where_m`` (3,) in the map."""
        world = self._session.world
        blueprint = any_walker(world, "walker.pedestrian.*", self.rng)
        walker = put_walker(world, blueprint, role, where_m, heading_rad)
        self._walkers.append(walker)
        return Pedestrian(walker)

    def traffic(self, count: int, away_from: MapPath) -> None:
        """Let the Traffic Manager drive ``count`` vehicles that start off the script's road."""
        self._traffic = Traffic(self._session, self._seed)
        centre = away_from[len(away_from) // 2]
        x, y, z = (float(v) for v in mirror_vector(centre))
        stage_xy = mirror_vector(away_from)[:, :2]
        starts = [
            start
            for start in self._session.map.get_spawn_points()
            if np.linalg.norm(stage_xy - (start.location.x, start.location.y), axis=1).min()
            > _CLEAR_OF_STAGE_M
        ]
        self._traffic.spawn(count, starts, carla.Location(x, y, z))

    def tick(self) -> None:
        """Advance the world and let every driver see it."""
        self.snapshot = self._session.tick()
        self.time_s += self.dt_s
        for driver in self.drivers:
            driver.update(self.snapshot)

    def around(self, driver: Driver) -> list[Obstacle]:
        """Return everybody else as obstacles of a driver."""
        traffic = self._traffic.vehicles if self._traffic is not None else []
        actors = [d.vehicle for d in self.drivers if d is not driver] + traffic + self._walkers
        seen = [a for a in actors if self.snapshot.find(a.id) is not None]
        return [obstacle_of(a, self.snapshot, driver.motion.map_from_base) for a in seen]

    def close(self) -> None:
        """Remove everything that was put there; a second call does nothing."""
        traffic, self._traffic = self._traffic, None
        actors = [*self._sensors, *(d.vehicle for d in self.drivers), *self._walkers]
        self._sensors, self.drivers, self._walkers = [], [], []
        try:
            if traffic is not None:
                traffic.close()
            remove(self._session, actors)
        except (RuntimeError, BridgeError):
            return  # the server is gone, and everything in it
