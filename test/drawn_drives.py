"""Drives drawn by hand for tests: who is where at which time, on a straight road."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.evaluation.incidents.lanes import LaneAt
from carla_nurec_bridge.world.object_classes import ObjectClass
from carla_nurec_bridge.world.states import (
    Actor,
    ActorState,
    EgoState,
    LightColour,
    TrafficLight,
    WorldState,
)

T0_NS = 7_000_000_000
DT_NS = 50_000_000
LANE_M = 3.5
RIGHT_Y = -LANE_M / 2
CAR, PERSON = (4.0, 2.0, 1.5), (0.5, 0.5, 1.8)
Pose = tuple[float, float, float]
Drive = Callable[[float], Pose]
"""x, y in the map in metres and heading in rad at a time in s."""

_STILL = np.zeros(3)
_UNTOLD = np.full(3, np.nan)


class StraightRoad:
    """A road along x: lane -1 goes to +x at y in (-3.5, 0), lane 1 to -x beside it.

    Beyond 150 m from the middle a junction is near; there is a crossing at x from 100 to 104 m.
    """

    def at(self, positions: np.ndarray) -> list[LaneAt | None]:
        return [self._at(position) for position in positions]

    def _at(self, position: np.ndarray) -> LaneAt | None:
        y = float(position[1])
        if abs(y) > LANE_M:
            return None
        right = y < 0
        offset = y + LANE_M / 2 if right else -(y - LANE_M / 2)
        far = abs(position[0]) > 150
        return LaneAt(("1", 0, -1 if right else 1), 0.0 if right else math.pi, offset, False, far)

    def on_crosswalk(self, position: np.ndarray) -> bool:
        return 100.0 < position[0] < 104.0


def steady(x: float, speed: float, y: float = RIGHT_Y, heading: float = 0.0) -> Drive:
    """Drive along x."""
    return lambda t: (x + speed * t, y, heading)


def drawn_states(
    cars: Mapping[int, Drive],
    seconds: float,
    walkers: Mapping[int, Drive] | None = None,
    lights: Callable[[float], Sequence[TrafficLight]] = lambda _: (),
) -> list[WorldState]:
    """Return the states of drives by actor id, tick by tick; of an ego nobody knows the size."""
    ego = EgoState(np.eye(4), _STILL, _STILL, _UNTOLD, None)
    actors = {i: Actor(i, "", ObjectClass.CAR, CAR) for i in cars}
    actors |= {i: Actor(i, "", ObjectClass.PEDESTRIAN, PERSON) for i in walkers or {}}
    drives = {**cars, **(walkers or {})}
    states = []
    for tick in range(round(seconds * 1e9) // DT_NS + 1):
        t = tick * DT_NS / 1e9
        told = []
        for number, drive in drives.items():
            x, y, heading = drive(t)
            size_m = actors[number].size_m
            pose = matrix_from_xyz_rpy((x, y, 0.5 * size_m[2]), (0, 0, heading))
            told.append(ActorState(actors[number], pose, _UNTOLD, _UNTOLD, _UNTOLD))
        states.append(WorldState(T0_NS + tick * DT_NS, ego, tuple(told), tuple(lights(t))))
    return states


def light(shows: LightColour, stop_x: float = 50.0, y: float = RIGHT_Y) -> TrafficLight:
    """Return a light of lane -1 for traffic to +x."""
    area = matrix_from_xyz_rpy((stop_x - 2.0, y, 0.0), (0, 0, 0))
    return TrafficLight("7", "1/-1", area, (4.0, LANE_M, 0.2), shows)
