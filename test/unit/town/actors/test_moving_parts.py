"""Wheels and doors taken off vehicles: nothing is lost, hinges stay, leaves swing outwards."""

from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.town.actors.assets import vehicle_doors, vehicle_mesh
from carla_nurec_bridge.town.actors.car_doors import (
    BONNET,
    BOOT,
    FRONT_LEFT,
    FRONT_RIGHT,
    REAR_LEFT,
    REAR_RIGHT,
)
from carla_nurec_bridge.town.actors.moving_parts import LEFT_WHEEL, RIGHT_WHEEL, take_wheels
from carla_nurec_bridge.world.blueprint_catalogue import load_catalogue

SIZE = (4.9, 1.86, 1.5)
SEDAN = vehicle_doors("car", SIZE, "vehicle.lincoln.mkz_2020")


def moved(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    return points @ matrix[:3, :3].T + matrix[:3, 3]


@pytest.mark.parametrize("name", sorted(k for k, b in load_catalogue().items() if b.wheels > 0))
def test_steered_wheels_come_off_every_vehicle(name: str) -> None:
    blueprint = load_catalogue()[name]
    whole = vehicle_mesh(blueprint.base_type, blueprint.size_m, blueprint.id)
    body, wheels = take_wheels(whole)
    both = {LEFT_WHEEL, RIGHT_WHEEL}
    assert wheels.keys() == ({LEFT_WHEEL} if blueprint.wheels == 2 else both)
    count = sum(len(wheel.mesh.triangles) for wheel in wheels.values())
    assert len(body.triangles) + count == len(whole.triangles)
    for wheel in wheels.values():
        assert wheel.joint[0] > 0.1 * blueprint.size_m[0], "it is a front wheel"
        low, high = wheel.mesh.bounds
        assert high[0] - low[0] == pytest.approx(high[2] - low[2], rel=0.05), "it is round"
    if len(wheels) == 2:
        assert wheels[LEFT_WHEEL].joint[1] == pytest.approx(-wheels[RIGHT_WHEEL].joint[1], abs=0.01)


def test_a_turned_wheel_keeps_its_middle_and_points_left() -> None:
    _, wheels = take_wheels(vehicle_mesh("car", SIZE, "vehicle.lincoln.mkz_2020"))
    wheel = wheels[LEFT_WHEEL]
    pose = wheel.turned(np.radians(30.0))
    assert moved(wheel.joint, pose) == pytest.approx(wheel.joint)
    front = wheel.joint + [0.3, 0.0, 0.0]
    assert moved(front, pose) - wheel.joint == pytest.approx(
        [0.3 * np.cos(np.radians(30)), 0.15, 0.0]
    )


@pytest.mark.parametrize(
    ("number", "side"), [(FRONT_LEFT, 1), (FRONT_RIGHT, -1), (REAR_LEFT, 1), (REAR_RIGHT, -1)]
)
def test_doors_swing_outwards_about_their_front_edge(number: int, side: int) -> None:
    door = SEDAN[number]
    shut = door.mesh.vertices.astype(np.float64)
    wide = moved(shut, door.turned(door.most_rad))
    hinge = np.abs(shut[:, 0] - shut[:, 0].max()) < 0.01
    assert np.abs(wide - shut)[hinge].max() < 0.25, "the hinge side hardly moves"
    handle = np.argmin(shut[:, 0])
    assert side * (wide[handle, 1] - shut[handle, 1]) > 0.6
    assert wide[:, 2] == pytest.approx(shut[:, 2])


@pytest.mark.parametrize(("number", "end"), [(BONNET, 1), (BOOT, -1)])
def test_bonnet_and_boot_lift_their_free_ends(number: int, end: int) -> None:
    flap = SEDAN[number]
    shut = flap.mesh.vertices.astype(np.float64)
    wide = moved(shut, flap.turned(flap.most_rad))
    free = np.argmax(end * shut[:, 0])
    assert wide[free, 2] - shut[free, 2] > 0.3


def test_who_has_which_doors() -> None:
    coupe = vehicle_doors("car", (4.7, 1.9, 1.3), "vehicle.ford.mustang")
    assert coupe.keys() == {FRONT_LEFT, FRONT_RIGHT, BONNET, BOOT}
    assert SEDAN.keys() == set(range(6))
    assert vehicle_doors("bus", (12.0, 2.5, 3.2), "vehicle.mitsubishi.fusorosa") == {}
