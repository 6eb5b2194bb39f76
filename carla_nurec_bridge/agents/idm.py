"""The IDM baseline: along the middle of the route by the Intelligent Driver Model.

The model is that of Treiber, Hennecke and Helbing, Congested traffic states in empirical
observations and microscopic simulations, Phys. Rev. E 62 (2000), equations 1 to 3.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..world.object_classes import ObjectClass
from ..world.states import ActorState, EgoState, TrafficLight, Vector, WorldState
from ..world.vehicle_info import VehicleInfo
from .agent import DriveTarget, velocities_of
from .closed_lights import BEFORE_LINE_M, ClosedLights, StopLimits
from .corridor import Corridor
from .curve_speeds import curve_speeds, highest_speed
from .route_ahead import RouteAhead
from .steering import pursue, reach_m

Points = NDArray[np.float64]

_LOOK_M = 100.0
_FORESIGHT_S = np.arange(0.0, 3.1, 0.5)
"""When, from now on, somebody on foot must not be in the corridor."""
_AHEAD_OF_MPS, _BEHIND_MPS = 1.0, 2.0
"""So far the speed asked for is above or below the one that is driven at most."""


@dataclass(frozen=True)
class IdmSettings:
    """The model's figures: m/s, s, m, m/s^2; ``room_m`` is wanted at each side of the vehicle.

    ``lateral_mps2`` limits the speed in curves; ``yellow_brake_mps2`` and ``hardest_brake_mps2``
    say for which lights that turn yellow or red one still stops.
    """

    desired_mps: float = 9.0
    headway_s: float = 1.5
    standstill_gap_m: float = 2.0
    acceleration_mps2: float = 1.5
    comfortable_brake_mps2: float = 2.0
    yellow_brake_mps2: float = 4.0
    hardest_brake_mps2: float = 6.0
    lateral_mps2: float = 2.0
    room_m: float = 0.3


@dataclass(frozen=True)
class Leader:
    """Who or what one follows: the free way to it, and its speed along the route."""

    gap_m: float
    speed_mps: float = 0.0


def idm_acceleration(speed_mps: float, leader: Leader | None, s: IdmSettings) -> float:
    """Return the model's acceleration (m/s^2) at a speed, on a free road or behind somebody."""
    free = 1.0 - (speed_mps / s.desired_mps) ** 4
    if leader is None:
        return s.acceleration_mps2 * free
    root = 2.0 * math.sqrt(s.acceleration_mps2 * s.comfortable_brake_mps2)
    dynamic_m = speed_mps * (s.headway_s + (speed_mps - leader.speed_mps) / root)
    wanted_m = s.standstill_gap_m + max(0.0, dynamic_m)
    wish = s.acceleration_mps2 * (free - (wanted_m / max(leader.gap_m, 0.1)) ** 2)
    return max(-s.hardest_brake_mps2, wish)


class IdmAgent:
    """Follows the polyline ``route`` (N, 3) in the map behind whoever is in its corridor.

    It stops at red and yellow lights, for people whose straight way leads into the corridor within
    three seconds, and at the route's end.
    """

    def __init__(
        self, route: Points, vehicle: VehicleInfo, settings: IdmSettings, dt_s: float
    ) -> None:
        self._s = settings
        self._vehicle = vehicle
        self._dt_s = dt_s
        self._half_width_m = vehicle.size_m[1] / 2.0 + settings.room_m
        self._corridor = Corridor(route[:, :2])
        self._place = RouteAhead(route)
        limits = StopLimits(settings.yellow_brake_mps2, settings.hardest_brake_mps2)
        self._lights = ClosedLights(route, vehicle.front_m, limits)
        xy = route[:, :2]
        steps = np.linalg.norm(np.diff(xy, axis=0), axis=1)
        self._along_m = np.concatenate([[0.0], np.cumsum(steps)])
        self._limits = curve_speeds(xy, self._along_m, settings.lateral_mps2, settings.desired_mps)
        self._before: tuple[ActorState, ...] = ()
        self._asked_mps: float | None = None

    def step(self, world: WorldState) -> DriveTarget:
        """Return what to do at this moment."""
        ego = world.ego
        self._place.advance(ego.map_from_base)
        here_m = self._place.travelled_m
        velocities = velocities_of(world.actors, self._before, self._dt_s)
        self._before = world.actors
        leaders = [
            Leader(self._place.length_m - here_m + self._s.standstill_gap_m),
            *self._others(world.actors, velocities, here_m),
            *self._closed_lines(world.lights, here_m, ego),
        ]
        asked_mps = self._ask(ego.speed_mps, leaders, here_m)
        aim = self._corridor.point(here_m + reach_m(ego.speed_mps))
        vehicle = self._vehicle
        steer_rad = pursue(
            aim, ego.map_from_base, ego.speed_mps, vehicle.wheelbase_m, vehicle.steer_limits
        )
        return DriveTarget(steer_rad, asked_mps)

    def _ask(self, speed_mps: float, leaders: Sequence[Leader], here_m: float) -> float:
        """Return the speed to ask for: the one of before, changed as the model says."""
        wish = min(idm_acceleration(max(0.0, speed_mps), one, self._s) for one in leaders)
        before = speed_mps if self._asked_mps is None else self._asked_mps
        near = max(speed_mps - _BEHIND_MPS, min(speed_mps + _AHEAD_OF_MPS, before))
        ahead_m = self._along_m - here_m
        passed = ahead_m < -1.0
        highest = highest_speed(
            self._limits[~passed], ahead_m[~passed], self._s.comfortable_brake_mps2
        )
        self._asked_mps = max(0.0, min(near + wish * self._dt_s, highest))
        return self._asked_mps

    def _others(
        self, actors: Sequence[ActorState], velocities: Sequence[Vector], here_m: float
    ) -> Iterator[Leader]:
        """Yield who is in the corridor before the ego, and who will walk into it."""
        if not actors:
            return
        front_m = here_m + self._vehicle.front_m
        corners = np.array([actor.box.corners()[::2, :2] for actor in actors])
        spread = self._corridor.spread(corners, here_m, _LOOK_M)
        ahead = spread.last_m > front_m
        for index in np.flatnonzero(ahead & spread.within(self._half_width_m)).tolist():
            first_m = float(spread.first_m[index])
            along_mps = float(velocities[index][:2] @ self._corridor.heading(first_m))
            yield Leader(first_m - front_m, max(0.0, along_mps))
        for actor, velocity in zip(actors, velocities, strict=True):
            if actor.actor.object_class is ObjectClass.PEDESTRIAN:
                yield from self._on_foot(actor, velocity, here_m, front_m)

    def _on_foot(
        self, actor: ActorState, velocity: Vector, here_m: float, front_m: float
    ) -> Iterator[Leader]:
        """Yield the first place in the corridor that somebody comes to on a straight way."""
        corners = actor.box.corners()[::2, :2]
        later = corners + _FORESIGHT_S[:, None, None] * velocity[:2]
        spread = self._corridor.spread(later, here_m, _LOOK_M)
        enters = spread.within(self._half_width_m) & (spread.last_m > front_m)
        if enters.any():
            yield Leader(float(spread.first_m[enters].min()) - front_m)

    def _closed_lines(
        self, lights: Sequence[TrafficLight], here_m: float, ego: EgoState
    ) -> Iterator[Leader]:
        """Yield the next stop line ahead that is closed."""
        height_m = float(ego.map_from_base[2, 3])
        room_m = self._lights.room_m(lights, here_m, height_m, ego.speed_mps)
        if room_m is not None:
            yield Leader(room_m + self._s.standstill_gap_m - BEFORE_LINE_M)
