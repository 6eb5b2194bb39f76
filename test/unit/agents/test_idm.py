"""The IDM baseline: the model against its closed forms, and its rules one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from carla_nurec_bridge.agents.idm import IdmAgent, IdmSettings, Leader, idm_acceleration
from carla_nurec_bridge.world.object_classes import ObjectClass

from .conftest import DT_S, Car, actor, light, straight

_S = IdmSettings(desired_mps=10.0)
_WALKER = (0.4, 0.4, 1.8)


def agent(car: Car, route: np.ndarray | None = None) -> IdmAgent:
    return IdmAgent(straight() if route is None else route, car.info, _S, DT_S)


def equilibrium_gap_m(speed_mps: float) -> float:
    """Where the model's acceleration is 0 behind somebody equally fast (equation 4 there)."""
    full_m = _S.standstill_gap_m + speed_mps * _S.headway_s
    return full_m / math.sqrt(1.0 - (speed_mps / _S.desired_mps) ** 4)


@pytest.mark.parametrize("speed_mps", [0.0, 3.0, 6.0, 9.0])
def test_in_equilibrium_nobody_accelerates(speed_mps: float) -> None:
    leader = Leader(equilibrium_gap_m(speed_mps), speed_mps)
    assert idm_acceleration(speed_mps, leader, _S) == pytest.approx(0.0, abs=1e-9)


def test_on_a_free_road_the_first_and_the_last_acceleration_are_known() -> None:
    assert idm_acceleration(0.0, None, _S) == _S.acceleration_mps2
    assert idm_acceleration(_S.desired_mps, None, _S) == pytest.approx(0.0)


def test_who_comes_too_near_brakes_as_the_model_says_and_no_harder_than_the_vehicle() -> None:
    # At the desired speed: -a (s* / s)^2, with s* = s0 + v T + v^2 / (2 sqrt(a b)) = 45.87 m.
    found = idm_acceleration(10.0, Leader(30.0), _S)
    assert found == pytest.approx(-1.5 * (45.8675 / 30.0) ** 2, rel=1e-5)
    assert idm_acceleration(10.0, Leader(15.0), _S) == -_S.hardest_brake_mps2


def test_it_follows_a_slower_car_at_the_equilibrium_gap(car: Car) -> None:
    driver, ahead_x, car.speed_mps = agent(car), 22.0, 5.0
    for _ in range(600):
        ahead_x += 6.0 * DT_S
        car.move(driver.step(car.world([actor(ahead_x)])))
    assert car.speed_mps == pytest.approx(6.0, abs=0.05)
    gap_m = ahead_x - 2.25 - car.front_x
    assert gap_m == pytest.approx(equilibrium_gap_m(6.0), abs=0.5)


def test_it_stops_at_the_standstill_gap_and_brakes_comfortably(car: Car) -> None:
    car.speed_mps = 9.0
    speeds = car.drive(agent(car), 800, actor(120.0))
    assert speeds[-1] < 0.05
    assert 120.0 - 2.25 - car.front_x == pytest.approx(_S.standstill_gap_m, abs=0.4)
    assert min(np.diff(speeds)) / DT_S > -1.3 * _S.comfortable_brake_mps2


def test_who_is_beside_the_corridor_does_not_matter(car: Car) -> None:
    car.drive(agent(car), 600, actor(60.0, 3.5), actor(20.0, -2.3))
    assert car.x > 150.0


@pytest.mark.parametrize(("shows", "passes"), [("red", False), ("green", True)])
def test_it_stops_before_a_red_light_and_passes_a_green_one(
    car: Car, shows: str, passes: bool
) -> None:
    driver = agent(car)
    for _ in range(800):
        car.move(driver.step(car.world(lights=[light(80.0, shows)])))
    assert (car.x > 100.0) is passes
    if not passes:
        assert 78.0 < car.front_x < 80.0


def test_a_light_that_turns_red_too_late_is_passed(car: Car) -> None:
    car.speed_mps = 9.0
    car.x = 80.0 - car.info.front_m - 5.0  # 6 m/s^2 need 6.75 m, and 2.7 m until they act
    driver = agent(car, straight()[40:])
    for _ in range(40):
        car.move(driver.step(car.world(lights=[light(80.0, "red")])))
    assert car.speed_mps > 8.5


@pytest.mark.parametrize(("from_y", "pace_mps", "waits"), [(-4.0, 1.4, True), (-4.0, 0.0, False)])
def test_it_brakes_for_who_walks_into_its_way_and_not_for_who_stands_beside(
    car: Car, from_y: float, pace_mps: float, waits: bool
) -> None:
    car.speed_mps, y = 8.0, from_y
    driver, nearest_mps = agent(car), math.inf
    for _ in range(150):
        y += pace_mps * DT_S
        car.move(driver.step(car.world([actor(40.0, y, ObjectClass.PEDESTRIAN, _WALKER)])))
        nearest_mps = min(nearest_mps, car.speed_mps)
        if waits and abs(y) < 0.92:
            assert car.front_x < 40.0 - 0.2
    assert (nearest_mps < 5.0) is waits
    assert car.x > 40.0, "it drives on once the way is free"


def test_it_keeps_to_a_curve_and_stands_at_the_end_of_its_route(car: Car) -> None:
    angles = np.linspace(0, math.pi, 95)
    route = 30.0 * np.stack([np.sin(angles), 1 - np.cos(angles), 0 * angles], axis=1)
    driver, worst_m = agent(car, route), 0.0
    for _ in range(700):
        car.move(driver.step(car.world()))
        if car.x > 0.0:
            worst_m = max(worst_m, abs(math.hypot(car.x, car.y - 30.0) - 30.0))
            assert car.speed_mps**2 / 30.0 < 1.15 * _S.lateral_mps2
    assert worst_m < 0.3
    assert car.speed_mps < 0.05
    assert (car.x, car.y) == pytest.approx((0.0, 60.0), abs=1.0)
