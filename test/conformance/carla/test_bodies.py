"""Forces, switches and parts of vehicles under the real client, against Newton's figures."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.conformance
Facts = dict[str, Any]
G = 9.81


@pytest.fixture(scope="module")
def facts(run_session: Callable[..., Facts]) -> Facts:
    return run_session("bodies")


def test_forces_and_impulses_change_the_speed_by_their_share(facts: Facts) -> None:
    assert facts["force"] == pytest.approx(2.0, abs=0.05)
    assert facts["batch_impulse"] == pytest.approx(1.0, abs=0.05)
    assert facts["batch_force"] == pytest.approx(1.0, abs=0.05)


def test_impulse_upwards_is_a_throw(facts: Facts) -> None:
    top, end = facts["jump"]
    assert top == pytest.approx(4.0**2 / (2 * G), rel=0.06)
    assert end == pytest.approx(0.0, abs=0.05)


def test_gravity_can_be_switched(facts: Facts) -> None:
    assert facts["floating"] == pytest.approx(20.0, abs=0.15)
    assert facts["fall"] == pytest.approx(0.5 * G * 0.5**2, rel=0.06)


def test_angular_impulse_and_velocity(facts: Facts) -> None:
    length, width, _ = facts["size"]
    inertia = facts["mass"] * ((2 * length) ** 2 + (2 * width) ** 2) / 12.0
    assert math.radians(facts["spin"]) == pytest.approx(3000.0 / inertia, rel=0.02)
    assert facts["turning"] == pytest.approx(50.0, abs=0.1)


def test_constant_velocity_holds_in_the_cars_axes(facts: Facts) -> None:
    speed, height = facts["constant"]
    assert speed == pytest.approx(3.0, abs=1e-3)
    assert height == pytest.approx(2.0 * 10 * 0.05, abs=0.02)


def test_without_collisions_cars_pass_through(facts: Facts) -> None:
    way, other_moved = facts["ghost"]
    assert way > 18.0
    assert other_moved == pytest.approx(0.3, abs=0.02), "it only fell to the road"


def test_bones_and_components_are_the_base_and_the_wheels(facts: Facts) -> None:
    assert facts["bones"][0] == "Vehicle_Base"
    assert facts["components"] == ["root", *facts["bones"]]
    assert facts["vehicle_bones"] == facts["world_bones"]
    for bone, wheel in zip(facts["world_bones"][1:], facts["wheels"], strict=True):
        assert bone[:3] == pytest.approx(wheel, abs=0.01)
    base = facts["world_bones"][0]
    yaw = math.radians(base[4])
    for world, relative in zip(facts["world_bones"], facts["relative_bones"], strict=True):
        x, y, z = relative[:3]
        turned = [x * math.cos(yaw) - y * math.sin(yaw), x * math.sin(yaw) + y * math.cos(yaw), z]
        assert np.subtract(world[:3], base[:3]) == pytest.approx(turned, abs=0.01)
    assert facts["sockets"] == [[], 0, 0]
    assert "Wheel_Front_Left" in facts["no_component"]


def test_wheels_turn_with_the_steering_and_for_show(facts: Facts) -> None:
    angle, bone_yaw, _ = facts["steer"]
    assert angle == pytest.approx(bone_yaw, abs=1e-3)
    assert angle > 10.0
    yaw, pitch, physical = facts["shown"]
    assert (yaw, pitch) == pytest.approx((12.0, 34.0), abs=1e-3)
    assert physical == pytest.approx(angle, abs=0.01), "show does not change the physics"


def test_wheels_roll_as_far_as_the_car_goes(facts: Facts) -> None:
    turned_deg, way, radius = facts["rolled"]
    assert turned_deg == pytest.approx(math.degrees(way / radius), rel=0.02)


def test_telemetry_follows_the_model(facts: Facts) -> None:
    speed, driven, throttle, steer, brake, gear, shown, load, omegas, drag = facts["telemetry"]
    assert speed == pytest.approx(driven, abs=0.1)
    assert (throttle, steer, brake) == pytest.approx((0.8, 0.1, 0.0))
    assert gear == shown
    assert load == pytest.approx(facts["mass"] * G, rel=0.01)
    assert omegas[0] == pytest.approx(speed / 0.35, rel=0.03)
    assert 0.0 < drag < 500.0
    front = sum(facts["braking_load"][:2])
    assert front > 1.2 * sum(facts["braking_load"][2:]), "braking loads the front axle"


def test_lights_and_gains_come_back(facts: Facts) -> None:
    assert facts["lamps"] == [34, 34]
    assert facts["gains"] == pytest.approx([0.5, 0.1, 0.2, 0.03, 0.01, 0.02])


def test_cars_stop_at_houses(facts: Facts) -> None:
    gap, speed, kind, number, impulse, side = facts["house"]
    assert 2.0 < gap < 4.0, "the car's middle stays half a car off the wall"
    assert speed < 2.0
    assert (kind, number) == ("static.building", 0)
    assert np.dot(impulse, side) > 5.0 * facts["mass"], "the impulse throws the car back"
    assert facts["gone_house"] < 0.0, "no house, no wall"


def test_walkers_are_pushed_by_cars(facts: Facts) -> None:
    moved, nearest, half_length = facts["walker"]
    assert moved > 1.0
    assert nearest > half_length - 0.1, "the car does not drive through the walker"
    assert facts["alive"]
