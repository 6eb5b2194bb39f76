"""Vehicles under the real client: driving against textbook figures, physics, batches, crashes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from carla_nurec_bridge.world.blueprint_catalogue import load_catalogue

pytestmark = pytest.mark.conformance
Facts = dict[str, Any]
LENGTH_M, WIDTH_M, HEIGHT_M = load_catalogue()["vehicle.tesla.model3"].size_m


@pytest.fixture(scope="module")
def facts(run_session: Callable[..., Facts]) -> Facts:
    return run_session("vehicles")


def test_spawned_vehicle_shows_its_attributes_and_true_size(facts: Facts) -> None:
    assert facts["fresh"] == ["vehicle.tesla.model3", "10,20,30", "hero", "4"]
    centre, extent = facts["box"]
    assert extent == pytest.approx([LENGTH_M / 2, WIDTH_M / 2, HEIGHT_M / 2], abs=1e-5)
    assert centre == pytest.approx([0, 0, HEIGHT_M / 2], abs=1e-5)


def test_spawn_within_another_vehicle_fails_with_carlas_words(facts: Facts) -> None:
    assert facts["blocked"] == "Spawn failed because of collision at spawn position"
    assert facts["try_blocked"]


def test_vehicle_falls_to_the_road_and_rests(facts: Facts) -> None:
    rest, speed, start = facts["rest"]
    assert rest[:2] == pytest.approx(start[:2], abs=1e-3)
    assert rest[2] == pytest.approx(start[2] - 0.5, abs=0.03)
    assert speed == pytest.approx(0.0, abs=1e-3)
    assert facts["limit"] in (30.0, 50.0)


def test_throttle_accelerates_smoothly(facts: Facts) -> None:
    speeds = np.array(facts["speeds"])
    assert np.all(np.diff(speeds) > -0.05)
    assert 4.0 < speeds[-1] < 16.0
    vector, differenced = facts["accelerations"]
    assert np.linalg.norm(vector) == pytest.approx(differenced, abs=0.1)
    throttle, steer, brake, gear = facts["control"]
    assert (throttle, steer, brake) == (0.5, 0.0, 0.0)
    assert gear >= 1
    assert facts["telemetry"][0] == pytest.approx(speeds[-1], abs=0.02)
    assert facts["telemetry"][1] > 800.0


def test_full_brake_stops_within_the_tyres_means(facts: Facts) -> None:
    speed, way, end = facts["braking"]
    assert end == 0.0
    assert speed**2 / (2 * 18.0) < way < speed**2 / (2 * 6.0) + 1.0


def test_brakes_take_hold_within_ticks_and_are_gentle_at_seven_tenths(facts: Facts) -> None:
    """The Traffic Manager brakes so whenever it is too fast."""
    decelerations = facts["eased"]
    assert decelerations[0] < 0.8 * decelerations[-1]
    assert 4.0 < decelerations[-1] < 5.5
    assert max(decelerations) < 6.0


def test_reverse_and_hand_brake(facts: Facts) -> None:
    way, gear = facts["reverse"]
    assert way < -2.0
    assert gear == -1
    assert facts["hand_brake"] == pytest.approx(0.0, abs=1e-3)


def test_slow_circle_has_the_bicycle_models_radius(facts: Facts) -> None:
    yaws, places, angle_deg = facts["circle"]
    turns = [(b - a + 180) % 360 - 180 for a, b in itertools.pairwise(yaws[30:])]
    turned = math.radians(sum(turns))
    way = sum(math.dist(a, b) for a, b in itertools.pairwise(places[30:]))
    base = 2 * 0.29 * LENGTH_M
    rear_radius = base / math.tan(math.radians(angle_deg))
    centre_radius = math.hypot(rear_radius, base / 2)
    assert turned > 0, "steering right turns clockwise: yaw grows"
    assert way / turned == pytest.approx(centre_radius, rel=0.08)
    assert facts["turn_rate"][0] == pytest.approx(facts["turn_rate"][1], rel=0.05)


def test_physics_control_comes_back_changed(facts: Facts) -> None:
    mass, gears, rpm, steer_deg = facts["physics"]
    assert 1000 < mass < 2600
    assert gears >= 4
    assert rpm >= 3000
    assert 30 <= steer_deg <= 80
    assert facts["changed_physics"] == [3210.0, [[0, 111], [5000, 222]]]


def test_wheels_stand_in_the_world_at_the_axles(facts: Facts) -> None:
    x, y, _, _, yaw, _ = facts["stand"]
    front = np.mean(facts["wheels_m"][:2], axis=0)
    rear = np.mean(facts["wheels_m"][2:], axis=0)
    ahead = np.array([math.cos(math.radians(yaw)), math.sin(math.radians(yaw))])
    assert front == pytest.approx([x, y] + 0.29 * LENGTH_M * ahead, abs=0.02)
    assert rear == pytest.approx([x, y] - 0.29 * LENGTH_M * ahead, abs=0.02)


def test_impulse_velocity_and_holding(facts: Facts) -> None:
    assert facts["impulse"] == pytest.approx(2.0, abs=0.15)
    assert facts["target_velocity"] == pytest.approx(7.0, abs=0.3)
    assert facts["constant_velocity"] == pytest.approx(4.0, abs=1e-3)
    held, wanted, speed = facts["held"]
    assert held == pytest.approx(wanted, abs=1e-3)
    assert speed == 0.0
    assert facts["dropped"] == pytest.approx(0.0, abs=0.05)
    assert facts["lamps"] == 8


def test_ackermann_control_reaches_its_speed(facts: Facts) -> None:
    assert np.mean(facts["ackermann"][-40:]) == pytest.approx(6.0, abs=0.4)
    assert max(facts["ackermann"]) < 7.5
    assert facts["gains"] == pytest.approx(0.15)


def test_cars_do_not_drive_through_one_another(facts: Facts) -> None:
    nearest, shoved, other, impulse = facts["crash"]
    assert nearest > facts["half_lengths"] - 0.7
    assert shoved > 1.0
    assert other == "vehicle.audi.tt"
    assert np.dot(impulse, facts["forward"]) < -1000.0, "the impulse pushes the carrier back"


def test_walker_walks_at_its_speed(facts: Facts) -> None:
    way, speed = facts["walker"]
    assert way == pytest.approx(1.5, abs=0.02)
    assert speed == 1.5


def test_batch_runs_in_order_with_its_chain(facts: Facts) -> None:
    kind, errors, speed, other_is_gone = facts["batch"]
    assert kind == "vehicle.mini.cooper_s"
    assert errors == [False, True, False]
    assert speed == pytest.approx(3.0, abs=0.3)
    assert other_is_gone
    assert facts["destroyed"][0]
    assert facts["gone"]


def test_numbers_that_are_none_do_no_harm(facts: Facts) -> None:
    assert facts["after_nan"]
