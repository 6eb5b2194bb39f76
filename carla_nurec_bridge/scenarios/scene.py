"""The place where a script plays: who was put there, the tick, and the clearing away."""

from __future__ import annotations

from types import TracebackType
from typing import final

import carla
import numpy as np

from ..agents.route_follower import Obstacle
from ..carla_client.actors.ego import spawn
from ..carla_client.actors.traffic import Traffic
from ..carla_client.driving.roads import (
    MapPath,
    Stretch,
    find_stretch,
    heading_at,
)
from ..carla_client.session.session import Session
from ..carla_client.session.transforms import transform_of
from ..core.errors import BridgeError, InputError
from ..core.frames import mirror_vector, rigid, rotation_from_rpy
from ..world.states import Vector
from .driver import Driver, Pedestrian, obstacle_of

HERO = "hero"
HERO_BLUEPRINT = "vehicle.lincoln.mkz_2020"
_SPAWN_HEIGHT_M = 0.3
_CLEAR_OF_STAGE_M = 25.0
_WALKER_HEIGHT_M = 1.1


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
        blueprint = HERO_BLUEPRINT if role == HERO else self._any_car()
        yaw = heading_at(path, index)
        where = path[index] + (0.0, 0.0, _SPAWN_HEIGHT_M)
        pose = rigid(rotation_from_rpy((0.0, 0.0, yaw)), where)
        vehicle = spawn(world, blueprint, role, transform_of(pose))
        driver = Driver(vehicle, path, self.dt_s)
        self.drivers.append(driver)
        velocity = mirror_vector((speed_mps * np.cos(yaw), speed_mps * np.sin(yaw), 0.0))
        vehicle.set_target_velocity(carla.Vector3D(*(float(v) for v in velocity)))
        # Recorders keep the collisions of those alone who carry this sensor.
        sensor = world.get_blueprint_library().find("sensor.other.collision")
        self._sensors.append(world.spawn_actor(sensor, carla.Transform(), attach_to=vehicle))
        return driver

    def pedestrian(self, role: str, where_m: Vector, heading_rad: float) -> Pedestrian:
        """Put a walker somewhere on the ground; ``where_m`` (3,) in the map."""
        library = sorted(
            self._session.world.get_blueprint_library().filter("walker.pedestrian.*"),
            key=lambda b: b.id,
        )
        blueprint = library[int(self.rng.integers(len(library)))]
        if blueprint.has_attribute("role_name"):
            blueprint.set_attribute("role_name", role)
        place = rigid(
            rotation_from_rpy((0.0, 0.0, heading_rad)), where_m + (0.0, 0.0, _WALKER_HEIGHT_M)
        )
        walker = self._session.world.try_spawn_actor(blueprint, transform_of(place))
        if walker is None:
            raise InputError(f"{role} cannot stand at x={where_m[0]:.1f} y={where_m[1]:.1f}")
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
            if actors:
                batch = [carla.command.DestroyActor(actor.id) for actor in actors]
                self._session.client.apply_batch_sync(batch, False)
        except (RuntimeError, BridgeError):
            return  # the server is gone, and everything in it

    def _any_car(self) -> str:
        library = self._session.world.get_blueprint_library().filter("vehicle.*")
        cars = sorted(
            b.id
            for b in library
            if b.has_attribute("base_type") and b.get_attribute("base_type").as_str() == "car"
        ) or sorted(b.id for b in library)
        return cars[int(self.rng.integers(len(cars)))]
