"""For which lights one stops: those on the route, for good once one could, and never too late."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from carla_nurec_bridge.agents.agent import Agent
from carla_nurec_bridge.agents.closed_lights import ClosedLights, stop_speed
from carla_nurec_bridge.agents.idm import IdmAgent, IdmSettings
from carla_nurec_bridge.agents.route_follower import RouteFollower, settings_for
from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.world.states import TrafficLight

from .conftest import DT_S, Car, light, straight

_FRONT_M = 3.85


def room_m(one: TrafficLight, speed_mps: float = 5.0, here_m: float = 40.0) -> float | None:
    return ClosedLights(straight(), _FRONT_M).room_m([one], here_m, 0.0, speed_mps)


def test_the_way_to_the_line_is_the_fronts_though_it_lies_between_two_points_of_the_route() -> None:
    assert room_m(light(80.4)) == pytest.approx(80.4 - 40.0 - _FRONT_M)


@pytest.mark.parametrize(("z", "holds"), [(5.0, True), (0.0, False)])
def test_a_route_without_heights_has_those_of_the_road_that_is_driven(
    z: float, holds: bool
) -> None:
    lights = ClosedLights(straight(), _FRONT_M)  # z = 0, on a bridge 5 m up
    assert (lights.room_m([light(80.0, z=z)], 40.0, 5.0, 5.0) is not None) is holds


def test_a_light_holds_where_a_route_with_heights_climbs_to_it() -> None:
    route = straight()
    route[:, 2] = 0.1 * route[:, 0]
    lights = ClosedLights(route, _FRONT_M)
    assert lights.room_m([light(80.0, z=8.0)], 40.0, 4.0, 5.0) is not None
    assert lights.room_m([light(80.0, z=4.0)], 40.0, 4.0, 5.0) is None


@pytest.mark.parametrize("points", [1, 3])
def test_a_route_of_one_place_is_told(points: int) -> None:
    with pytest.raises(InputError, match=f"this one of {points} points does not"):
        ClosedLights(np.ones((points, 3)), _FRONT_M)


@pytest.mark.parametrize("shows", ["green", "off"])
def test_an_open_light_stops_nobody(shows: str) -> None:
    assert room_m(light(80.0, shows)) is None


@pytest.mark.parametrize(
    ("other", "holds"),
    [
        (light(80.0, y=1.7), True),  # the route changes lanes there
        (light(80.0, y=3.5), False),  # the next lane
        (light(80.0, z=6.0), False),  # a bridge
        (light(80.0, y=0.5, yaw=math.pi), False),  # who comes towards us
        (light(80.0, y=0.5, yaw=math.pi / 2), False),  # who crosses
        (light(80.0, y=0.5, yaw=0.4), True),  # the road bends
        (light(42.0), True),  # the front is 1.85 m over it
        (light(41.0), False),  # passed
    ],
)
def test_a_light_holds_for_its_own_lane_direction_and_height(
    other: TrafficLight, holds: bool
) -> None:
    assert (room_m(other, speed_mps=0.0) is not None) is holds


@pytest.mark.parametrize(
    ("shows", "stops_from_m"),
    # 9 m/s: 2.7 m until the brakes act, then 81 / 8 m; at red 81 / 14 m, of them 2 m beyond.
    [("yellow", 2.7 + 81 / 8), ("red", 2.7 + 81 / 14 - 2.0)],
)
def test_who_cannot_stop_any_more_drives_on(shows: str, stops_from_m: float) -> None:
    for off_m, stops in ((-0.1, False), (0.1, True)):
        here_m = 80.0 - _FRONT_M - stops_from_m - off_m
        assert (room_m(light(80.0, shows), 9.0, here_m) is not None) is stops


def test_who_could_stop_once_stops_though_the_brakes_act_late_until_the_light_opens() -> None:
    lights = ClosedLights(straight(), _FRONT_M)
    near_m = 80.0 - _FRONT_M - 0.5
    assert lights.room_m([light(80.0, "yellow")], 40.0, 0.0, 9.0) is not None
    assert lights.room_m([light(80.0, "red")], near_m, 0.0, 9.0) == pytest.approx(0.5)
    assert lights.room_m([light(80.0, "green")], near_m, 0.0, 9.0) is None
    assert lights.room_m([light(80.0, "yellow")], near_m, 0.0, 9.0) is None


def test_who_drove_on_and_is_held_up_before_the_line_stops_after_all() -> None:
    lights = ClosedLights(straight(), _FRONT_M)
    assert lights.room_m([light(80.0)], 70.0, 0.0, 12.0) is None
    assert lights.room_m([light(80.0)], 72.0, 0.0, 1.0) is not None


def test_the_speed_before_a_line_is_that_of_even_braking_after_a_while() -> None:
    assert stop_speed(20.0, 8.0, 2.5) == pytest.approx(math.sqrt(2 * 2.5 * (20.0 - 0.3 * 8.0)))
    assert stop_speed(-1.0, 0.0, 2.5) == 0.0


def _route_follower(car: Car) -> Agent:
    return RouteFollower(straight()[30:], settings_for(car.info), DT_S)


def _idm(car: Car) -> Agent:
    return IdmAgent(straight()[30:], car.info, IdmSettings(), DT_S)


@pytest.mark.parametrize("driver", [_route_follower, _idm])
@pytest.mark.parametrize("lag_s", [0.0, 0.15, 0.3, 0.5])
def test_a_car_whose_brakes_act_late_stands_before_the_line(
    car: Car, driver: Callable[[Car], Agent], lag_s: float
) -> None:
    car.x, car.lag_s, car.speed_mps = 30.0, lag_s, 9.0
    agent = driver(car)
    for _ in range(300):
        car.move(agent.step(car.world(lights=[light(80.0)])))
    assert car.speed_mps < 0.05
    assert 77.5 < car.front_x <= 80.0


@pytest.mark.parametrize("driver", [_route_follower, _idm])
@pytest.mark.parametrize("yellow_at_m", np.arange(2.0, 30.0, 4.0).tolist())
def test_nobody_is_over_a_line_at_red_where_yellow_lasts_three_seconds(
    car: Car, driver: Callable[[Car], Agent], yellow_at_m: float
) -> None:
    car.lag_s, car.speed_mps = 0.3, 9.0
    car.x = 80.0 - car.info.front_m - yellow_at_m
    agent = driver(car)
    for frame in range(200):
        shows = "yellow" if frame * DT_S < 3.0 else "red"
        car.move(agent.step(car.world(lights=[light(80.0, shows)])))
        tail_x = car.front_x - car.info.size_m[0]
        assert shows == "yellow" or car.front_x <= 80.0 or tail_x > 80.0
