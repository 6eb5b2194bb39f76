"""The recorded-trajectory follower: by time, by place, and where recordings come from."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from carla_nurec_bridge.agents.recorded import RecordedAgent
from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.scene.recorded_ego import read_recorded_ego
from carla_nurec_bridge.world.timed_path import TimedPath

from .conftest import DT_S, Car

_RADIUS_M = 40.0


def recorded(begin_ns: int, pause_s: float = 0.0) -> TimedPath:
    """Along a circle at 6 m/s for 12 s, with a pause after 5 s."""
    seconds = np.arange(0.0, 12.0 + pause_s, 0.1)
    driven_s = np.where(seconds < 5.0, seconds, np.maximum(5.0, seconds - pause_s))
    angles = 6.0 * driven_s / _RADIUS_M
    poses = [
        matrix_from_xyz_rpy((_RADIUS_M * math.sin(a), _RADIUS_M * (1 - math.cos(a)), 0), (0, 0, a))
        for a in angles
    ]
    return TimedPath(begin_ns + np.round(seconds * 1e9).astype(np.int64), np.array(poses))


def off_circle_m(car: Car) -> float:
    return abs(math.hypot(car.x, car.y - _RADIUS_M) - _RADIUS_M)


def test_by_time_the_ego_is_where_the_recorded_one_was(car: Car) -> None:
    car.speed_mps, car.lag_s = 6.0, 0.3
    path = recorded(car.stamp_ns)
    agent = RecordedAgent(path, "time", car.info, DT_S)
    for _ in range(200):
        car.move(agent.step(car.world()))
        there = path.at(car.stamp_ns)[:2, 3]
        assert math.hypot(car.x - there[0], car.y - there[1]) < 0.3


def test_by_place_it_keeps_the_speed_and_leaves_out_the_pause(car: Car) -> None:
    car.speed_mps, car.lag_s = 6.0, 0.3
    agent = RecordedAgent(recorded(0, pause_s=20.0), "place", car.info, DT_S)
    speeds = []
    for _ in range(220):
        car.move(agent.step(car.world()))
        assert off_circle_m(car) < 0.2
        speeds.append(car.speed_mps)
    assert min(speeds) > 4.5
    assert 6.0 * 10.5 < _RADIUS_M * car.yaw < 6.0 * 11.5


def test_after_the_end_it_brakes_to_a_stand(car: Car) -> None:
    car.speed_mps = 6.0
    agent = RecordedAgent(recorded(car.stamp_ns), "time", car.info, DT_S)
    speeds = car.drive(agent, 320)
    assert speeds[-1] == pytest.approx(0.0, abs=0.05)


def test_who_stood_all_the_time_has_no_place_to_be_followed_to(car: Car) -> None:
    still = TimedPath(np.array([1, 2], np.int64), np.repeat(np.eye(4)[None], 2, axis=0))
    with pytest.raises(InputError, match="stood all the time"):
        RecordedAgent(still, "place", car.info, DT_S)


def test_a_recording_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no recording .*no\.usdz"):
        read_recorded_ego(tmp_path / "no.usdz")
