"""What the script of one adversary works with in a live world."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import final

import carla
import numpy as np

from ...agents.route_follower import Obstacle
from ...carla_client.driving.paths import MapPath, heading_at
from ...carla_client.driving.roads import road_edges
from ...carla_client.session.session import Session
from ...core.errors import InputError
from ...core.frames import mirror_vector
from ...evaluation.conditions import Condition, Course, Tick
from ...evaluation.route import RouteTracker
from ...world.states import Vector
from ..driver import Driver, Pedestrian
from ..judged_drive import HeldTrigger
from ..placing import any_car, any_walker, put_vehicle, put_walker, roll
from .adversaries.base import Vehicle, Walker


@dataclass(eq=False)
class ScenarioRoad:
    """What all scripts of a scenario share; ``tick`` is the last frame that was looked at.

    ``path`` begins ``lead_in`` points before the ego's route. ``drivers`` are scripted vehicles
    with their speeds at the start.
    """

    session: Session
    course: Course
    path: MapPath
    lead_in: int
    dt_s: float
    ego: carla.Vehicle
    tick: Tick | None = None
    drivers: list[tuple[Driver, float, float]] = field(default_factory=list)
    walkers: list[carla.Walker] = field(default_factory=list)
    done: dict[str, float] = field(default_factory=dict)
    triggers: list[HeldTrigger] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._tracker = RouteTracker(self.path)
        self.ego_along_m = float(self.lead_in)

    def look(self, tick: Tick) -> None:
        """Take the next frame, for everybody's triggers too."""
        self.tick = tick
        self.ego_along_m = self._tracker.update(tick.moment.rear_axle)
        for trigger in self.triggers:
            trigger.look(tick)


@final
class LiveHandles:
    """``AdversaryHandles`` of the adversary called ``name``."""

    def __init__(self, road: ScenarioRoad, name: str, seed: tuple[int, ...]) -> None:
        self._road = road
        self._name = name
        self.rng = np.random.default_rng(seed)

    @property
    def path(self) -> MapPath:
        """The ego's route, a metre apart, with some way before its start."""
        return self._road.path

    @property
    def dt_s(self) -> float:
        """Simulated time of a frame."""
        return self._road.dt_s

    @property
    def ego_along_m(self) -> float:
        """How far the ego's rear axle is along ``path``."""
        return self._road.ego_along_m

    @property
    def ego_length_m(self) -> float:
        """The ego's length."""
        return 2.0 * float(self._road.ego.bounding_box.extent.x)

    def index_at(self, at_m: float) -> int:
        """Return the point of ``path`` that lies so far along the ego's route.

        InputError behind the route's end.
        """
        index = self._road.lead_in + round(at_m)
        if index >= len(self.path):
            length_m = len(self.path) - 1 - self._road.lead_in
            raise InputError(
                f"{self._name} is wanted {at_m:.1f} m along the ego's route, which has "
                f"{length_m} m; lower at_m or lengthen the route"
            )
        return index

    def vehicle(
        self, name: str, blueprint: str, path: MapPath, at_m: float, speed_mps: float
    ) -> Vehicle:
        """Put a vehicle on a path, ``at_m`` along it, that rolls from the first frame on."""
        index = round(at_m)
        if not 0 <= index < len(path):
            raise InputError(
                f"{name} is wanted {-at_m:.1f} m before the first lane that leads to the ego's "
                "route; bring it nearer, or start the ego elsewhere"
                if index < 0
                else f"{name} is wanted beyond the end of the ego's route; lengthen the route"
            )
        world = self._road.session.world
        wanted = blueprint or any_car(world, self.rng)
        driver = Driver(put_vehicle(world, wanted, name, path, index), path, self.dt_s)
        self._road.drivers.append((driver, heading_at(path, index), speed_mps))
        return driver

    def walker(self, name: str, blueprint: str, place: Vector, heading_rad: float) -> Walker:
        """Put a walker on the ground at (3,) of the map."""
        world = self._road.session.world
        chosen = any_walker(world, blueprint or "walker.pedestrian.*", self.rng)
        walker = put_walker(world, chosen, name, place, heading_rad)
        self._road.walkers.append(walker)
        return Pedestrian(walker)

    def left_lane_m(self, index: int) -> float:
        """Return how far left of a point of ``path`` the middle of the next lane is."""
        lane = self._waypoint(index)
        left = lane.get_left_lane()
        if left is None or left.lane_type != carla.LaneType.Driving:
            x, y = self.path[index][:2]
            raise InputError(
                f"{self._name} needs a lane left of the ego's, and there is none at x={x:.1f} "
                f"y={y:.1f}; start the ego elsewhere"
            )
        return 0.5 * float(lane.lane_width + left.lane_width)

    def edges_m(self, index: int) -> tuple[float, float]:
        """Return how far the road's edges are right and left of a point of ``path``."""
        return road_edges(self._waypoint(index))

    def obstacles(self, vehicle: Vehicle) -> tuple[Obstacle, ...]:
        """Return everybody else as obstacles of a vehicle."""
        tick = self._road.tick
        driver = next(one for one, _, _ in self._road.drivers if one is vehicle)
        if tick is None:
            return ()
        ahead = driver.motion.map_from_base[:2, 0]
        return tuple(
            Obstacle(one.box.map_from_box, one.box.size_m, float(one.velocity @ ahead))
            for one in tick.movers
            if one.actor_id != driver.vehicle.id
        )

    def holds(self, trigger: Condition) -> Callable[[], bool]:
        """Begin to watch a trigger; the function says whether it has held since."""
        held = HeldTrigger(trigger.watch(self._road.course))
        self._road.triggers.append(held)
        return partial(getattr, held, "held")

    def done(self, step: str) -> None:
        """Note that a step of this adversary is done."""
        tick = self._road.tick
        self._road.done.setdefault(f"{self._name}.{step}", tick.time_s if tick else 0.0)

    def _waypoint(self, index: int) -> carla.Waypoint:
        x, y, z = (float(v) for v in mirror_vector(self.path[index]))
        return self._road.session.map.get_waypoint(carla.Location(x, y, z))


def start_rolling(road: ScenarioRoad) -> None:
    """Have all scripted vehicles roll with their first speeds from the next tick on."""
    for driver, heading_rad, speed_mps in road.drivers:
        roll(driver.vehicle, heading_rad, speed_mps)
