"""A box 20 m ahead and 4 m to the left: axes, signs and values of every sensor that looks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.conformance
Facts = dict[str, Any]
WIDTH, HEIGHT = 640, 360
FOCAL_PX = WIDTH / 2
AHEAD_M, RIGHT_M, EYE_M, STEP_M = 20.0, -4.0, 1.0, 0.5
MM = 1e-3


@pytest.fixture(scope="module")
def facts(run_session: Callable[..., Facts]) -> Facts:
    return run_session("golden")


@pytest.fixture(scope="module")
def front_m(facts: Facts) -> float:
    """Return how far away the front of the box stands."""
    return AHEAD_M - float(facts["half"][0])


def test_left_of_the_car_is_left_in_the_image(facts: Facts, front_m: float) -> None:
    _, half_width, half_height = facts["half"]
    left, right, top, bottom = facts["pixels"]
    assert right < WIDTH / 2
    assert left == pytest.approx(WIDTH / 2 + FOCAL_PX * (RIGHT_M - half_width) / front_m, abs=1)
    far_side = FOCAL_PX * (RIGHT_M + half_width) / (front_m + 2 * facts["half"][0])
    assert right == pytest.approx(WIDTH / 2 + far_side, abs=1.5)
    assert top == pytest.approx(HEIGHT / 2 - FOCAL_PX * (2 * half_height - EYE_M) / front_m, abs=1)
    assert bottom == pytest.approx(HEIGHT / 2 + FOCAL_PX * EYE_M / front_m, abs=1.5)


def test_depth_is_the_analytic_one_within_a_millimetre(facts: Facts, front_m: float) -> None:
    assert facts["depth"] == pytest.approx([front_m, front_m], abs=MM)


def test_normal_of_the_front_points_back(facts: Facts) -> None:
    (blue, green, red, _), yaw_deg = facts["normal"]
    yaw = math.radians(yaw_deg)
    expected = [127.5 * (1 - math.cos(yaw)), 127.5 * (1 - math.sin(yaw)), 127.5]
    assert (red, green, blue) == pytest.approx(expected, abs=1.5)


def test_cosmos_view_paints_the_tag(facts: Facts) -> None:
    tags, blue_green_red = facts["cosmos"]
    assert tags == [21]
    assert blue_green_red == [50, 120, 170, 255]


def test_lidar_has_the_box_at_negative_y(facts: Facts, front_m: float) -> None:
    count, nearest, farthest, side = facts["lidar"]
    assert count > 300
    assert (nearest, farthest) == pytest.approx((front_m, front_m), abs=MM)
    assert side == pytest.approx(RIGHT_M, abs=0.1)


def test_lidar_sends_the_highest_channel_first(facts: Facts) -> None:
    assert facts["channels"] == pytest.approx([3.0, -3.0], abs=1e-3)


def test_lidar_noise_dropoff_and_field_of_view_follow_their_attributes(facts: Facts) -> None:
    assert facts["noise"] == pytest.approx(0.1, rel=0.12)
    density, widest_deg = facts["thin"]
    assert density == pytest.approx(0.55, abs=0.02)
    assert widest_deg == pytest.approx(45.0, abs=0.1)


def test_semantic_lidar_measures_the_angle(facts: Facts) -> None:
    count, error, side = facts["semantic"]
    assert count > 300
    assert error < 1e-4
    assert side == pytest.approx(RIGHT_M, abs=0.1)


def test_radar_azimuth_is_negative_on_the_left(facts: Facts, front_m: float) -> None:
    count, azimuth, widest, fastest = facts["radar"]
    assert count > 10
    # Its points fall by chance, and evenly over the front: four sigma of their mean.
    sigma = facts["half"][1] / front_m / math.sqrt(3.0 * count)
    assert azimuth == pytest.approx(math.atan2(RIGHT_M, front_m), abs=4.0 * sigma)
    assert widest == pytest.approx(math.radians(20.0), abs=0.01)
    assert fastest == 0.0, "nothing moves"


def test_obstacle_sensor_stops_its_ball_at_the_box(facts: Facts, front_m: float) -> None:
    distance, met, box = facts["obstacle"]
    assert distance == pytest.approx(front_m - 0.3, abs=MM)
    assert met == box
    assert facts["seen_by_dynamic"] == 0, "a box is nothing that moves by itself"


def test_flow_is_the_shift_in_the_image(facts: Facts, front_m: float) -> None:
    (x, y), elsewhere, columns = facts["flow"]
    assert x == pytest.approx(FOCAL_PX * STEP_M / front_m / WIDTH, abs=1e-5)
    assert y == pytest.approx(-FOCAL_PX * STEP_M / 2 / front_m / HEIGHT, abs=1e-5), "up"
    assert elsewhere == pytest.approx(0.0, abs=1e-6)
    assert columns[0] - facts["pixels"][0] == pytest.approx(FOCAL_PX * STEP_M / front_m, abs=1)


def test_events_come_from_what_moved_in_the_tick(facts: Facts) -> None:
    assert facts["still"] == [0, 0.0]
    seen = facts["events"]
    assert seen["count"] > 50
    assert seen["polarities"] == [False, True]
    assert seen["left"] > 0.95
    assert seen["sorted"]
    first, last, now = seen["within"]
    assert now - 0.05 - 1e-6 <= first <= last <= now + 1e-6
