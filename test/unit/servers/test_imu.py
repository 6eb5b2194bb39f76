"""What an inertial unit feels, whatever the pace at which it is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgpack
import numpy as np
import pytest

from carla_nurec_bridge.servers.carla.sensing.acceleration import Acceleration
from carla_nurec_bridge.servers.carla.wire.structs import Transform

if TYPE_CHECKING:
    from conftest import World

IMU = "sensor.other.imu"
HEADER_BYTES = 48


def test_an_even_acceleration_is_found_from_uneven_moments() -> None:
    followed, pull = Acceleration(), np.array([1.0, -2.0, 0.5])
    found = [followed.follow(t, 0.5 * pull * t**2) for t in (1.0, 1.05, 1.05, 1.15, 1.18)]
    assert not np.any(found[:3])
    assert np.array(found[3:]) == pytest.approx(np.array([pull, pull]), abs=1e-9)


def test_a_steady_drive_over_uneven_ticks_feels_gravity_only(world: World) -> None:
    car = world.car()
    imu = world.spawn(IMU, Transform(), car)
    world.simulation.episode.fleet.set_constant_velocity(car.id, (10.0, 0.0, 0.0))
    for tick_s in (0.05, 0.04, 0.1, 0.02, 0.05):
        settings = replace(world.simulation.settings, fixed_delta_seconds=tick_s)
        world.simulation.apply_settings(settings)
        world.tick()
    felt, _, _ = msgpack.unpackb(world.heard(imu)[-1][HEADER_BYTES:])
    assert np.linalg.norm(felt) == pytest.approx(9.81, abs=1e-6)


def test_a_turn_is_as_fast_for_a_unit_that_is_asked_less_often(world: World) -> None:
    """A degree a tick of 0.05 s is 20 degrees a second."""
    car = world.car()
    often, seldom = (world.spawn(IMU, Transform(), car, sensor_tick=t) for t in ("0.0", "0.1"))
    for number in range(7):
        pose = Transform((0.0, 0.0, 50.0), (0.0, float(number), 0.0))
        world.simulation.episode.fleet.set_simulated(car.id, simulated=False)
        world.simulation.episode.place(car, pose)
        world.tick()
    for imu in (often, seldom):
        _, rate, _ = msgpack.unpackb(world.heard(imu)[-1][HEADER_BYTES:])
        assert rate[2] == pytest.approx(np.radians(20.0), abs=1e-3)
