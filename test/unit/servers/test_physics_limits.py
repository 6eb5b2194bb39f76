"""Physics that a client sends: ice lets a car slide, absurd numbers are brought back and named."""

from __future__ import annotations

import logging
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from carla_nurec_bridge.servers.carla.calls.vehicles import (
    apply_physics_control,
    get_physics_control,
    get_telemetry_data,
)
from carla_nurec_bridge.servers.carla.physics.control import (
    Gear,
    PhysicsControl,
    Point2,
    VehicleControl,
    Wheel,
)
from carla_nurec_bridge.servers.carla.physics.limits import usable

if TYPE_CHECKING:
    from conftest import World

SPEED_M_S = 10.0
NUMBERS = tuple(f.name for f in fields(PhysicsControl) if f.type == "float")
OF_WHEELS = tuple(f.name for f in fields(Wheel) if f.type == "float")
ABSURD = (0.0, -1.0, -3e38, 3e38, 1e-30)


def drive(world: World, change: Any) -> Any:
    """Change a car's physics, drive it hard for a while, and return its actor."""
    simulation, car = world.simulation, world.car()
    world.tick()
    apply_physics_control(simulation, car.id, change(get_physics_control(simulation, car.id)))
    simulation.episode.fleet.set_velocity(car.id, (SPEED_M_S, 0.0, 0.0))
    for control in (
        VehicleControl(throttle=1.0, steer=0.3),
        VehicleControl(brake=1.0, steer=-1.0),
        VehicleControl(throttle=1.0, reverse=True),
        VehicleControl(hand_brake=True, steer=1.0),
        VehicleControl(throttle=0.7, manual_gear_shift=True, gear=3),
    ):
        simulation.episode.fleet.set_control(car.id, control)
        world.tick(8)
        assert np.isfinite(simulation.episode.fleet.state).all()
    return car


def test_on_ice_a_car_coasts_without_slowing_whatever_its_pedals(world: World) -> None:
    simulation, car = world.simulation, world.car()
    world.tick()
    physics = get_physics_control(simulation, car.id)
    ice = [replace(wheel, tire_friction=0.0) for wheel in physics.wheels]
    apply_physics_control(simulation, car.id, replace(physics, drag_coefficient=0.0, wheels=ice))
    yaw = np.radians(simulation.episode.fleet.transform(car.id).rotation[1])
    simulation.episode.fleet.set_velocity(
        car.id, (SPEED_M_S * np.cos(yaw), SPEED_M_S * np.sin(yaw), 0.0)
    )
    for control in (VehicleControl(brake=1.0), VehicleControl(throttle=1.0, steer=1.0)):
        simulation.episode.fleet.set_control(car.id, control)
        world.tick(20)
        assert get_telemetry_data(simulation, car.id).speed == pytest.approx(SPEED_M_S, rel=1e-3)
    assert np.degrees(yaw) == pytest.approx(
        simulation.episode.fleet.transform(car.id).rotation[1]
    ), "steered wheels do not turn it"


@pytest.mark.parametrize("value", ABSURD)
@pytest.mark.parametrize("name", NUMBERS)
def test_absurd_numbers_of_a_vehicle_leave_it_in_the_world(
    world: World, name: str, value: float
) -> None:
    drive(world, lambda physics: replace(physics, **{name: value}))


@pytest.mark.parametrize("value", ABSURD)
@pytest.mark.parametrize("name", OF_WHEELS)
def test_absurd_numbers_of_wheels_leave_it_in_the_world(
    world: World, name: str, value: float
) -> None:
    drive(world, lambda p: replace(p, wheels=[replace(w, **{name: value}) for w in p.wheels]))


@pytest.mark.parametrize(
    "change",
    [
        {"torque_curve": []},
        {"steering_curve": []},
        {"torque_curve": [Point2(0.0, 0.0)] * 3},
        {"torque_curve": [Point2(5000.0, 100.0), Point2(0.0, -3e38), Point2(1000.0, 3e38)]},
        {"steering_curve": [Point2(3e38, 3e38), Point2(-3e38, -3e38)]},
        {"forward_gears": []},
        {"forward_gears": [Gear(0.0, 0.0, 0.0)]},
        {"forward_gears": [Gear(3e38, -1.0, 3e38)] * 40},
        {"wheels": []},
        {"center_of_mass": (3e38, -3e38, 3e38)},
        {"center_of_mass": (50.0, 0.0, -50.0)},
    ],
    ids=lambda change: " ".join(change),
)
def test_absurd_curves_and_gears_leave_it_in_the_world(
    world: World, change: dict[str, Any]
) -> None:
    drive(world, lambda physics: replace(physics, **change))


def test_what_is_brought_back_is_said_and_answered(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        car = drive(world, lambda physics: replace(physics, mass=-5.0, final_ratio=3e38))
    (told,) = [record.getMessage() for record in caplog.records]
    assert f"vehicle {car.id} (vehicle.tesla.model3)" in told
    assert "mass -5 becomes 1" in told
    assert "final_ratio 3e+38 becomes 1000" in told
    assert get_physics_control(world.simulation, car.id).mass == 1.0


def test_usual_physics_are_taken_as_they_are(world: World) -> None:
    physics = get_physics_control(world.simulation, world.car().id)
    assert usable(physics) == (physics, [])


def test_a_curve_is_read_in_order_of_its_first_column(world: World) -> None:
    physics = get_physics_control(world.simulation, world.car().id)
    mixed = replace(physics, torque_curve=physics.torque_curve[::-1])
    assert usable(mixed) == (physics, [])
