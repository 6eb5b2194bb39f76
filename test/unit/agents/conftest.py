"""A car to be driven, and moments of the world around it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from carla_nurec_bridge.agents.agent import Agent, DriveTarget
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.world.object_classes import ObjectClass
from carla_nurec_bridge.world.states import (
    Actor,
    ActorState,
    EgoState,
    TrafficLight,
    WorldState,
)
from carla_nurec_bridge.world.vehicle_info import VehicleInfo

DT_S = 0.05


@dataclass
class Car:
    """A kinematic bicycle; it reaches the asked speed with a lag, and steers without."""

    info: VehicleInfo
    x: float = 0.0
    y: float = 0.0
    yaw: float = 0.0
    speed_mps: float = 0.0
    lag_s: float = 0.0
    stamp_ns: int = 1_000_000_000

    @property
    def map_from_base(self) -> np.ndarray:
        return matrix_from_xyz_rpy((self.x, self.y, 0), (0, 0, self.yaw))

    @property
    def front_x(self) -> float:
        return self.x + self.info.front_m

    def world(
        self, actors: Sequence[ActorState] = (), lights: Sequence[TrafficLight] = ()
    ) -> WorldState:
        velocity = np.array([self.speed_mps, 0.0, 0.0])
        ego = EgoState(self.map_from_base, velocity, np.zeros(3), np.zeros(3), self.info.body)
        return WorldState(self.stamp_ns, ego, tuple(actors), tuple(lights))

    def move(self, target: DriveTarget) -> None:
        share = 1.0 if self.lag_s == 0.0 else 1.0 - math.exp(-DT_S / self.lag_s)
        self.speed_mps += share * (target.speed_mps - self.speed_mps)
        self.x += self.speed_mps * math.cos(self.yaw) * DT_S
        self.y += self.speed_mps * math.sin(self.yaw) * DT_S
        self.yaw += self.speed_mps / self.info.wheelbase_m * math.tan(target.steer_rad) * DT_S
        self.stamp_ns += round(DT_S * 1e9)

    def drive(self, agent: Agent, frames: int, *actors: ActorState) -> list[float]:
        """Drive among actors that stand; return the speed after each frame."""
        speeds = []
        for _ in range(frames):
            self.move(agent.step(self.world(actors)))
            speeds.append(self.speed_mps)
        return speeds


def actor(
    x: float,
    y: float = 0.0,
    object_class: ObjectClass = ObjectClass.CAR,
    size_m: tuple[float, float, float] = (4.5, 1.8, 1.4),
    actor_id: int = 7,
) -> ActorState:
    """Return somebody at a place; how they move is not told, as in topics."""
    untold = np.full(3, np.nan)
    pose = matrix_from_xyz_rpy((x, y, size_m[2] / 2.0), (0, 0, 0))
    return ActorState(Actor(actor_id, "", object_class, size_m), pose, untold, untold, untold)


def light(
    x: float, shows: str = "red", y: float = 0.0, z: float = 0.0, yaw: float = 0.0
) -> TrafficLight:
    """Return a light whose line, 3.5 m wide, has its middle at a place, for a heading."""
    line = matrix_from_xyz_rpy((x, y, z), (0, 0, yaw))
    area = line @ matrix_from_xyz_rpy((-0.8, 0, 0), (0, 0, 0))
    return TrafficLight("1", "-1", area, (1.6, 3.5, 0.2), shows)


def straight(length_m: int = 300) -> np.ndarray:
    return np.stack([np.arange(length_m + 1.0), *np.zeros((2, length_m + 1))], axis=1)


@pytest.fixture
def car() -> Car:
    limits = ((0.0, 1.2),)
    return Car(VehicleInfo("car", 2.85, 1.2, (4.9, 1.84, 1.5), (1.4, 0.0, 0.75), limits))
