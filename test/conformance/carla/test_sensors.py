"""Sensors under the real client: a bus at a known place, found where geometry says it is."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from carla_nurec_bridge.servers.carla.physics.dynamics import RAKE
from carla_nurec_bridge.world.blueprint_catalogue import load_catalogue

pytestmark = pytest.mark.conformance
Facts = dict[str, Any]
WIDTH, HEIGHT = 320, 180
FOCAL_PX = WIDTH / 2
AHEAD_M, RIGHT_M, CAMERA_Z_M = 14.0, -3.5, 2.0
LENGTH_M, BUS_WIDTH_M, BUS_HEIGHT_M = load_catalogue()["vehicle.mitsubishi.fusorosa"].size_m
REAR_M = AHEAD_M - LENGTH_M / 2
BUS, SKY, ROADS = 16, 11, 1


@pytest.fixture(scope="module")
def facts(run_session: Callable[..., Facts]) -> Facts:
    return run_session("sensors")


def test_every_sensor_sends_every_frame(facts: Facts) -> None:
    for frame, seen in facts["frames"]:
        assert seen == [frame]


def test_sensor_tick_is_kept(facts: Facts) -> None:
    assert np.diff(facts["slow"]) == pytest.approx([0.2] * 5, abs=1e-6)


def test_sensor_pose_is_that_of_the_mount_in_the_world(facts: Facts) -> None:
    sensor, start = facts["sensor_pose"]
    # The car sits back on its springs, and takes the top of its mast with it.
    back_m = RAKE * CAMERA_Z_M
    away = np.subtract(sensor[:2], start[:2])
    assert np.hypot(*away) == pytest.approx(back_m, abs=1e-3)
    assert sensor[2] == pytest.approx(start[2] - 0.5 + CAMERA_Z_M, abs=0.03)
    assert math.remainder(sensor[4] - start[4], 360.0) == pytest.approx(0.0, abs=0.01)
    assert facts["image"] == [WIDTH, HEIGHT, 90.0, WIDTH * HEIGHT * 4]


def test_bus_stands_left_where_the_pinhole_puts_it(facts: Facts) -> None:
    left, right, top, _ = facts["bus_pixels"]
    far_side = RIGHT_M + BUS_WIDTH_M / 2
    rear_left = WIDTH / 2 + FOCAL_PX * (RIGHT_M - BUS_WIDTH_M / 2) / REAR_M
    front_right = WIDTH / 2 + FOCAL_PX * far_side / (AHEAD_M + LENGTH_M / 2)
    roof = HEIGHT / 2 - FOCAL_PX * (BUS_HEIGHT_M - CAMERA_Z_M) / REAR_M
    assert left == pytest.approx(rear_left, abs=6), "mirrors make the box wider than the tail"
    assert right == pytest.approx(front_right, abs=6)
    assert top == pytest.approx(roof, abs=4)
    assert right < WIDTH / 2, "the bus stands on the left"


def test_semantic_and_instance_name_the_bus(facts: Facts) -> None:
    assert {BUS, SKY, ROADS} <= set(facts["tags"])
    tag, number, actor_id = facts["instance"]
    assert (tag, number) == (BUS, actor_id)


def test_depth_is_along_the_optical_axis(facts: Facts) -> None:
    bus_m, road_m = facts["depth"]
    assert bus_m == pytest.approx(REAR_M, abs=0.35)
    assert road_m < 4.0
    assert facts["sky_depth_m"] == pytest.approx(1000.0)


def test_normals_point_up_and_back(facts: Facts) -> None:
    blue, green, red, _ = facts["road_normal"]
    assert (red, green, blue) == pytest.approx((128, 128, 255), abs=3)
    blue, green, red, _ = facts["bus_normal"]
    heading = math.radians(facts["heading_deg"])
    expected = [127.5 * (1 - math.cos(heading)), 127.5 * (1 - math.sin(heading)), 127.5]
    assert (red, green, blue) == pytest.approx(expected, abs=30)


def test_colour_of_the_blueprint_is_seen(facts: Facts) -> None:
    blue, green, red = facts["bus_colour"]
    assert red > 1.5 * max(blue, green)


def test_lidar_measures_the_bus_and_the_road(facts: Facts) -> None:
    count, by_channel, channels = facts["lidar"]
    assert (count, channels) == (by_channel, 32)
    assert count > 10_000
    hits, nearest = facts["lidar_bus"]
    assert hits > 30
    assert nearest == pytest.approx(REAR_M, abs=0.3)
    assert facts["lidar_ground"] == pytest.approx(-CAMERA_Z_M, abs=0.05)
    assert facts["intensity_error"] < 1e-4
    assert facts["lidar_range"] <= 60.001


def test_semantic_lidar_names_what_it_hits(facts: Facts) -> None:
    tags, hits, nearest, side, low, high = facts["semantic_lidar"]
    assert tags == [BUS]
    assert hits > 30
    assert nearest == pytest.approx(REAR_M, abs=0.3)
    assert side < -1.5, "left is negative in CARLA's sensor frame"
    assert 0.0 <= low < high <= 1.0 + 1e-6


def test_imu_feels_gravity_and_heading(facts: Facts) -> None:
    felt, turning, compass = facts["imu"]
    assert felt == pytest.approx([0, 0, 9.81], abs=0.02)
    assert turning == pytest.approx([0, 0, 0], abs=1e-3)
    expected = math.radians(facts["heading_deg"]) + math.pi / 2
    assert math.remainder(compass - expected, 2 * math.pi) == pytest.approx(0.0, abs=1e-3)


def test_gnss_agrees_with_the_clients_own_formula(facts: Facts) -> None:
    served, computed = facts["gnss"]
    assert served[:2] == pytest.approx(computed[:2], abs=1e-9)
    assert served[2] == pytest.approx(computed[2], abs=1e-4)


def test_radar_sees_what_comes_closer(facts: Facts) -> None:
    detections, closing = facts["radar"]
    assert detections > 5
    assert -6.5 < closing < -3.5


def test_unusable_sensors_are_refused_in_words(facts: Facts) -> None:
    assert "pixels" in facts["bad_camera"]
    assert "thresholds" in facts["bad_event_camera"]
