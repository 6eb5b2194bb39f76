"""The constant-velocity baseline keeps what it had when it was given the wheel."""

from __future__ import annotations

import math

import numpy as np
import pytest

from carla_nurec_bridge.agents.constant_velocity import ConstantVelocityAgent
from carla_nurec_bridge.agents.shipped import SHIPPED_AGENTS, AgentWish, build_agent
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.world.timed_path import TimedPath

from .conftest import DT_S, Car, actor, straight


def bend() -> np.ndarray:
    """A left curve of 50 m radius, in steps of a metre."""
    angles = np.arange(0.0, math.pi / 2, 1 / 50.0)
    return 50.0 * np.stack([np.sin(angles), 1 - np.cos(angles), 0 * angles], axis=1)


def test_it_goes_straight_on_at_its_speed_whoever_stands_there(car: Car) -> None:
    car.yaw, car.speed_mps = 0.3, 6.0
    agent = ConstantVelocityAgent(straight(), car.info, "heading", car.stamp_ns, 9.0)
    speeds = car.drive(agent, 200, actor(20.0, 6.0))
    assert set(speeds) == {6.0}
    assert (car.x, car.y) == pytest.approx((60 * math.cos(0.3), 60 * math.sin(0.3)), abs=1e-6)


def test_a_push_to_the_side_is_steered_out(car: Car) -> None:
    car.speed_mps = 8.0
    agent = ConstantVelocityAgent(straight(), car.info, "heading", car.stamp_ns, 9.0)
    car.drive(agent, 10)
    car.y += 0.5
    car.drive(agent, 200)
    assert car.y == pytest.approx(0.0, abs=0.02)


def test_it_keeps_its_lane_where_it_is_to(car: Car) -> None:
    car.speed_mps = 6.0
    agent = ConstantVelocityAgent(bend(), car.info, "lane", car.stamp_ns, 9.0)
    car.drive(agent, 200)
    assert math.hypot(car.x, car.y - 50.0) == pytest.approx(50.0, abs=0.3)
    assert car.yaw > 1.0


def test_until_the_hand_over_it_asks_for_what_the_ego_does(car: Car) -> None:
    agent = ConstantVelocityAgent(straight(), car.info, "heading", car.stamp_ns + 500_000_000, 9.0)
    for speed_mps in (3.0, 4.0, 5.0):
        car.speed_mps = speed_mps
        assert agent.step(car.world()).speed_mps == speed_mps
    car.stamp_ns += 500_000_000
    car.speed_mps = 5.5
    assert set(car.drive(agent, 10)) == {5.5}


def test_who_stands_at_the_hand_over_starts(car: Car) -> None:
    agent = ConstantVelocityAgent(straight(), car.info, "heading", car.stamp_ns, 7.0)
    assert agent.step(car.world()).speed_mps == 7.0


@pytest.mark.parametrize("name", SHIPPED_AGENTS)
def test_each_shipped_agent_drives_along_a_straight_route(car: Car, name: str) -> None:
    car.speed_mps = 5.0
    seconds = np.arange(0.0, 20.0, 0.1)
    poses = np.array([matrix_from_xyz_rpy((8.0 * s, 0, 0), (0, 0, 0)) for s in seconds])
    path = TimedPath(car.stamp_ns + np.round(seconds * 1e9).astype(np.int64), poses)
    wish = AgentWish(name, 8.0, "heading", car.stamp_ns, DT_S, recorded=path)
    car.drive(build_agent(wish, straight(), car.info), 200)
    assert car.x > 40.0
    assert abs(car.y) < 0.05
