"""Following a plan: the speed its times ask, the circle its places lie on."""

from __future__ import annotations

import math

import numpy as np
import pytest

from carla_nurec_bridge.agents.plan_follower import follow_plan
from carla_nurec_bridge.agents.route_ahead import RouteAhead
from carla_nurec_bridge.core.frames import Matrix, matrix_from_xyz_rpy
from carla_nurec_bridge.world.timed_path import TimedPath
from carla_nurec_bridge.world.vehicle_info import VehicleInfo

_CAR = VehicleInfo("car", 2.85, 1.2, (4.9, 1.8, 1.5), (1.4, 0.0, 0.75), ((0.0, 1.2),))
_NOW = 7_000_000_000
_STEP = 100_000_000


def plan(places: list[tuple[float, float, float]], turn: Matrix | None = None) -> TimedPath:
    poses = np.array([matrix_from_xyz_rpy((x, y, 0), (0, 0, yaw)) for x, y, yaw in places])
    stamps = _NOW + _STEP * np.arange(len(poses))
    return TimedPath(stamps, poses if turn is None else turn @ poses)


def test_a_straight_plan_is_followed_at_its_speed() -> None:
    target = follow_plan(plan([(0.6 * i, 0, 0) for i in range(20)]), _NOW, np.eye(4), 6.0, _CAR)
    assert target.speed_mps == pytest.approx(6.0)
    assert target.steer_rad == pytest.approx(0.0, abs=1e-12)


def test_who_is_behind_a_plan_goes_faster() -> None:
    here = matrix_from_xyz_rpy((-0.5, 0, 0), (0, 0, 0))
    moved = plan([(-0.5, 0, 0)] + [(0.6 * i, 0, 0) for i in range(1, 20)])
    # In half a second the plan is at 3.0 m, half a metre more than its own 2.5 m away.
    assert follow_plan(moved, _NOW, here, 6.0, _CAR).speed_mps == pytest.approx(7.0)


@pytest.mark.parametrize("yaw", [0.0, 2.0])
@pytest.mark.parametrize("radius_m", [30.0, -15.0])
def test_a_circle_gets_its_steering_angle(radius_m: float, yaw: float) -> None:
    angles = [0.02 * i * math.copysign(1, radius_m) for i in range(60)]
    places = [(radius_m * math.sin(a), radius_m * (1 - math.cos(a)), a) for a in angles]
    turn = matrix_from_xyz_rpy((40.0, -7.0, 0), (0, 0, yaw))
    target = follow_plan(plan(places, turn), _NOW, turn, 4.0, _CAR)
    assert target.steer_rad == pytest.approx(math.atan(2.85 / radius_m), rel=0.01)


@pytest.mark.parametrize("places", [[(0.0, 0.0, 0.0)], [(0.0, 0.0, 0.0)] * 5])
def test_a_plan_that_stands_lets_the_ego_stand(places: list[tuple[float, float, float]]) -> None:
    target = follow_plan(plan(places), _NOW, np.eye(4), 3.0, _CAR)
    assert (target.speed_mps, target.steer_rad) == (0.0, 0.0)


def test_after_its_end_the_ego_stands() -> None:
    over = plan([(0.6 * i, 0, 0) for i in range(5)])
    assert follow_plan(over, over.end_ns, np.eye(4), 6.0, _CAR).speed_mps == 0.0


def test_the_route_ahead_lies_in_base_link() -> None:
    route = RouteAhead(np.array([[0.0, 0, 0], [0, 10, 0], [0, 20, 0], [10, 20, 0]]))
    here = matrix_from_xyz_rpy((1.0, 4.0, 0), (0, 0, np.pi / 2))
    route.advance(here)
    assert route.travelled_m == pytest.approx(4.0)
    np.testing.assert_allclose(
        route.ahead(here, 18.0), [[0, 1, 0], [6, 1, 0], [16, 1, 0], [16, -1, 0]], atol=1e-9
    )
    route.advance(matrix_from_xyz_rpy((0.0, 1.0, 0), (0, 0, 0)))
    assert route.travelled_m == pytest.approx(4.0), "a route is not driven back"
    route.advance(matrix_from_xyz_rpy((12.0, 20.0, 0), (0, 0, 0)))
    assert route.travelled_m == route.length_m == pytest.approx(30.0)
    assert route.ahead(np.eye(4), 50.0).shape == (2, 3)
