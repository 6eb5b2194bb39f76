"""A driver that follows a route: pure pursuit, slow in curves, behind others, at red lights.

It knows only plain values in the map frame, so the node and the rehearsal drive alike. (It imports
neither CARLA nor ROS.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.frames import Matrix, invert
from ..world.states import ActorState, TrafficLight, WorldState
from ..world.vehicle_info import SteerLimits, VehicleInfo
from .agent import DriveTarget, velocities_of
from .closed_lights import BEFORE_LINE_M, ClosedLights, stop_speed
from .curve_speeds import curve_speeds, highest_speed
from .steering import pursue, reach_m

Points = NDArray[np.float64]

_ROOM_M = 0.7
"""How much room a vehicle wants on each side."""


@dataclass(frozen=True)
class AgentSettings:
    """How the agent drives; lengths in metres, speeds in m/s, accelerations in m/s^2.

    ``steer_limits`` are those of ``VehicleInfo``; ``front_m`` is how far the vehicle reaches before
    base_link, ``half_width_m`` how far to each side its way must be free.
    """

    cruise_mps: float = 9.0
    lateral_mps2: float = 2.0
    brake_mps2: float = 2.5
    accelerate_mps2: float = 2.0
    lookahead_s: float = 0.8
    lookahead_min_m: float = 4.0
    wheelbase_m: float = 2.85
    steer_limits: SteerLimits = ((0.0, 0.6),)
    front_m: float = 3.9
    gap_m: float = 4.0
    headway_s: float = 1.0
    half_width_m: float = 1.6


def settings_for(vehicle: VehicleInfo, **wanted: float) -> AgentSettings:
    """Return the settings for a vehicle; ``wanted`` are fields that differ from their defaults."""
    fitting: dict[str, Any] = {
        "wheelbase_m": vehicle.wheelbase_m,
        "steer_limits": vehicle.steer_limits,
        "front_m": vehicle.front_m,
        "half_width_m": vehicle.size_m[1] / 2.0 + _ROOM_M,
    }
    return AgentSettings(**(fitting | wanted))


@dataclass(frozen=True)
class Obstacle:
    """Something on the road: box centre pose in the map, box size, speed along its own axis."""

    map_from_box: Matrix
    size_m: tuple[float, float, float]
    speed_mps: float


def obstacles_of(
    actors: Sequence[ActorState], before: Sequence[ActorState], dt_s: float
) -> list[Obstacle]:
    """Return actors as obstacles, with the speed that they have come since ``before``, dt_s ago.

    Who was not there then has none.
    """
    velocities = velocities_of(actors, before, dt_s)
    return [
        Obstacle(
            state.map_from_box,
            state.actor.size_m,
            float(velocity[:2] @ state.map_from_box[:2, 0] / np.hypot(*state.map_from_box[:2, 0])),
        )
        for state, velocity in zip(actors, velocities, strict=True)
    ]


class RouteAgent:
    """Follows the polyline ``route`` (N, 3) in the map; remembers how far it has come."""

    def __init__(self, route: Points, settings: AgentSettings, dt_s: float) -> None:
        self._settings = settings
        self._dt_s = dt_s
        self._xy = route[:, :2]
        steps = np.linalg.norm(np.diff(self._xy, axis=0), axis=1)
        self._along = np.concatenate([[0.0], np.cumsum(steps)])
        self._limit = curve_speeds(
            self._xy, self._along, settings.lateral_mps2, settings.cruise_mps
        )
        self._lights = ClosedLights(route, settings.front_m)
        self._index = 0
        self._here_m = 0.0
        self._asked_mps: float | None = None

    @property
    def travelled_m(self) -> float:
        """How far along the route the ego is."""
        return self._here_m

    @property
    def length_m(self) -> float:
        """The length of the route."""
        return float(self._along[-1])

    def step(
        self,
        map_from_base: Matrix,
        speed_mps: float,
        obstacles: Sequence[Obstacle],
        lights: Sequence[TrafficLight],
    ) -> DriveTarget:
        """Return what to do now.

        * map_from_base: (4, 4), where base_link is.
        * obstacles: whoever might stand in the way, in base_link.
        * lights: those that may be red or yellow.
        """
        self._advance(map_from_base[:2, 3])
        wanted = self._limit_here()
        wanted = min(wanted, self._speed_behind(obstacles))
        wanted = min(wanted, self._speed_at_lights(lights, map_from_base, speed_mps))
        asked = self._smooth(wanted, speed_mps)
        return DriveTarget(self._steer(map_from_base, speed_mps), asked)

    def _advance(self, xy: Points) -> None:
        """Move the route index to the nearest point ahead; it never goes back."""
        window = self._xy[self._index : self._index + 60]
        self._index += int(np.argmin(np.linalg.norm(window - xy, axis=1)))
        first = min(self._index, len(self._xy) - 2)
        step = self._xy[first + 1] - self._xy[first]
        beyond_m = float((xy - self._xy[self._index]) @ step / np.linalg.norm(step))
        self._here_m = float(self._along[self._index]) + beyond_m

    def _limit_here(self) -> float:
        """Return the highest speed from which every curve ahead, and the end, can be met."""
        ahead_m = self._along[self._index :] - self._here_m
        return highest_speed(self._limit[self._index :], ahead_m, self._settings.brake_mps2)

    def _speed_behind(self, obstacles: Sequence[Obstacle]) -> float:
        """Return the speed that keeps the gap to whatever stands or drives on the route."""
        s = self._settings
        wanted = math.inf
        for obstacle in obstacles:
            gap_m = self._gap(obstacle)
            if gap_m is None:
                continue
            ahead_mps = max(0.0, obstacle.speed_mps)
            room_m = gap_m - s.gap_m - s.headway_s * ahead_mps
            if room_m <= 0:
                wanted = min(wanted, max(0.0, ahead_mps + room_m / s.headway_s))
            else:
                wanted = min(wanted, math.sqrt(ahead_mps**2 + 2.0 * s.brake_mps2 * room_m))
        return wanted

    def _gap(self, obstacle: Obstacle) -> float | None:
        """Return the free way to an obstacle on the route ahead, None when it is not there."""
        s = self._settings
        route = self._xy[self._index :]
        ahead_m = self._along[self._index :] - self._here_m
        route, ahead_m = route[ahead_m <= 50.0], ahead_m[ahead_m <= 50.0]
        box_from_map = invert(obstacle.map_from_box)
        local = route @ box_from_map[:2, :2].T + box_from_map[:2, 3]
        half = np.array(obstacle.size_m[:2]) / 2.0 + s.half_width_m
        # The route's own end is rounded off by the ego's length, the sides by its width.
        inside = np.all(np.abs(local) < half, axis=1) & (ahead_m > s.front_m - 1.0)
        if not inside.any():
            return None
        touch_m = float(ahead_m[int(np.argmax(inside))])
        return touch_m + s.half_width_m - s.front_m

    def _speed_at_lights(
        self, lights: Sequence[TrafficLight], map_from_base: Matrix, speed_mps: float
    ) -> float:
        """Return the speed that stops the front before the next closed line on the route."""
        height_m = float(map_from_base[2, 3])
        room_m = self._lights.room_m(lights, self._here_m, height_m, speed_mps)
        if room_m is None:
            return math.inf
        return stop_speed(room_m - BEFORE_LINE_M, speed_mps, self._settings.brake_mps2)

    def _smooth(self, wanted: float, speed_mps: float) -> float:
        before = speed_mps if self._asked_mps is None else self._asked_mps
        highest = before + self._settings.accelerate_mps2 * self._dt_s
        self._asked_mps = max(0.0, min(wanted, highest))
        return self._asked_mps

    def _steer(self, map_from_base: Matrix, speed_mps: float) -> float:
        s = self._settings
        aim_m = reach_m(speed_mps, s.lookahead_s, s.lookahead_min_m)
        target = int(np.searchsorted(self._along, self._along[self._index] + aim_m))
        xy = self._xy[min(target, len(self._xy) - 1)]
        return pursue(xy, map_from_base, speed_mps, s.wheelbase_m, s.steer_limits)


class RouteFollower:
    """The route follower as an agent: it takes what any stack is told of a moment."""

    def __init__(self, route: Points, settings: AgentSettings, dt_s: float) -> None:
        self._agent = RouteAgent(route, settings, dt_s)
        self._dt_s = dt_s
        self._before: Sequence[ActorState] = ()

    def step(self, world: WorldState) -> DriveTarget:
        """Return what to do at this moment."""
        obstacles = obstacles_of(world.actors, self._before, self._dt_s)
        self._before = world.actors
        return self._agent.step(
            world.ego.map_from_base, world.ego.speed_mps, obstacles, world.lights
        )
