"""The route follower against a kinematic car, and its rules one by one."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from carla_nurec_bridge.agents.route_follower import (
    AgentSettings,
    DriveTarget,
    Obstacle,
    RouteAgent,
    settings_for,
)
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.world.states import TrafficLight
from carla_nurec_bridge.world.vehicle_info import VehicleInfo

from .conftest import light

_DT_S = 0.05


def _straight(length_m: int = 200) -> np.ndarray:
    return np.stack([np.arange(length_m + 1.0), *np.zeros((2, length_m + 1))], axis=1)


def _turn(radius_m: float = 12.0) -> np.ndarray:
    """Return 60 m straight, a quarter turn to the left, 60 m straight, in steps of a metre."""
    before = np.stack([np.arange(60.0), np.zeros(60)], axis=1)
    angles = np.linspace(0, math.pi / 2, round(radius_m * math.pi / 2) + 1)
    arc = np.stack([60 + radius_m * np.sin(angles), radius_m * (1 - np.cos(angles))], axis=1)
    after = arc[-1] + np.stack([np.zeros(60), np.arange(1.0, 61.0)], axis=1)
    route = np.concatenate([before, arc, after])
    return np.column_stack([route, np.zeros(len(route))])


class _Car:
    """A bicycle that reaches the asked speed at once and steers without delay."""

    def __init__(self) -> None:
        self.x = self.y = self.yaw = self.speed = 0.0

    @property
    def pose(self) -> np.ndarray:
        return matrix_from_xyz_rpy((self.x, self.y, 0), (0, 0, self.yaw))

    def move(self, drive: DriveTarget) -> None:
        self.speed = drive.speed_mps
        self.x += self.speed * math.cos(self.yaw) * _DT_S
        self.y += self.speed * math.sin(self.yaw) * _DT_S
        self.yaw += self.speed / 2.85 * math.tan(drive.steer_rad) * _DT_S


def _box(x: float, speed: float = 0.0) -> Obstacle:
    return Obstacle(matrix_from_xyz_rpy((x, 0, 0.7), (0, 0, 0)), (4.5, 1.8, 1.4), speed)


def test_it_stays_on_the_route_and_takes_the_curve_within_its_limit() -> None:
    route = _turn()
    settings = AgentSettings()
    agent, car = RouteAgent(route, settings, _DT_S), _Car()
    worst_m = fastest_turn = 0.0
    for _ in range(600):
        drive = agent.step(car.pose, car.speed, [], ())
        car.move(drive)
        offset = np.linalg.norm(route[:, :2] - (car.x, car.y), axis=1).min()
        worst_m = max(worst_m, float(offset))
        turn = car.speed**2 * abs(math.tan(drive.steer_rad)) / 2.85
        fastest_turn = max(fastest_turn, turn)
    assert worst_m < 0.8
    assert fastest_turn < 1.6 * settings.lateral_mps2
    assert agent.travelled_m == pytest.approx(agent.length_m, abs=3.0)
    assert car.speed < 0.5  # the route ends


def _drive_until_it_stands(obstacles: list[Obstacle], lights: Sequence[TrafficLight]) -> _Car:
    agent, car = RouteAgent(_straight(), AgentSettings(), _DT_S), _Car()
    for _ in range(600):
        car.move(agent.step(car.pose, car.speed, obstacles, lights))
    return car


def test_it_stops_behind_a_standing_car_with_a_gap() -> None:
    car = _drive_until_it_stands([_box(60.0)], ())
    gap_m = 60.0 - 4.5 / 2 - (car.x + AgentSettings().front_m)
    assert car.speed < 0.05
    assert 1.5 < gap_m < 6.0


def test_a_car_in_the_next_lane_does_not_matter() -> None:
    beside = Obstacle(matrix_from_xyz_rpy((60.0, 3.5, 0.7), (0, 0, 0)), (4.5, 1.8, 1.4), 0.0)
    assert _drive_until_it_stands([beside], ()).x > 150.0


def test_it_stops_at_a_red_light_before_the_line() -> None:
    car = _drive_until_it_stands([], [light(70.0)])
    front_m = car.x + AgentSettings().front_m
    assert car.speed < 0.05
    assert 66.0 < front_m <= 70.0


def test_a_light_that_turns_red_too_late_is_passed() -> None:
    agent, car = RouteAgent(_straight(), AgentSettings(), _DT_S), _Car()
    car.x, car.speed = 64.5, 9.0
    drive = agent.step(car.pose, car.speed, [], [light(70.0)])
    assert drive.speed_mps > 8.0


def test_it_follows_a_slower_car_at_its_speed() -> None:
    agent, car = RouteAgent(_straight(400), AgentSettings(), _DT_S), _Car()
    ahead_x = 30.0
    for _ in range(500):
        ahead_x += 5.0 * _DT_S
        car.move(agent.step(car.pose, car.speed, [_box(ahead_x, 5.0)], ()))
    assert car.speed == pytest.approx(5.0, abs=0.3)
    assert ahead_x - 2.25 - (car.x + AgentSettings().front_m) > 4.0


def test_a_long_vehicle_steers_more_and_stops_with_its_own_front_before_the_line() -> None:
    truck = VehicleInfo("truck", 5.7, 0.8, (9.0, 2.6, 3.5), (2.5, 0.0, 1.7), ((0.0, 0.8),))
    car = VehicleInfo("car", 2.85, 1.2, (4.9, 1.84, 1.5), (1.4, 0.0, 0.75), ((0.0, 1.2),))
    bend = np.array([[x, x * x / 40.0, 0.0] for x in np.linspace(0, 20, 60)])
    steer = {
        vehicle.blueprint: RouteAgent(bend, settings_for(vehicle), _DT_S)
        .step(np.eye(4), 3.0, [], ())
        .steer_rad
        for vehicle in (truck, car)
    }
    assert math.tan(steer["truck"]) == pytest.approx(2.0 * math.tan(steer["car"]))
    red = [light(14.0)]
    speeds = [
        RouteAgent(_straight(), settings_for(v), _DT_S)._speed_at_lights(red, np.eye(4), 2.0)
        for v in (truck, car)
    ]
    assert speeds[0] < speeds[1]  # 7 m reach before its axle, not 3.85 m
