"""Odometry that drifts: how far, how smoothly, and always the same for a seed."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import radians

import numpy as np
import pytest

from carla_nurec_bridge.core.frames import (
    Matrix,
    invert,
    matrix_from_xyz_rpy,
    rotation_rate,
    rpy_from_rotation,
)
from carla_nurec_bridge.world.odometry import DriftingOdometry, EgoEstimate, OdometryDrift
from carla_nurec_bridge.world.states import EgoState

NS = 1_000_000_000
STILL = np.zeros(3)


def moving(map_from_base: Matrix, speed_mps: float, yaw_rate_radps: float = 0.0) -> EgoState:
    linear, angular = np.array([speed_mps, 0, 0]), np.array([0, 0, yaw_rate_radps])
    return EgoState(map_from_base, linear, angular, STILL, None)


def ahead(x_m: float, speed_mps: float) -> EgoState:
    return moving(matrix_from_xyz_rpy((x_m, 0.0, 0.0), (0.0, 0.0, 0.0)), speed_mps)


def straight(drift: OdometryDrift, length_m: int) -> EgoEstimate:
    """Return the estimate after a way straight ahead, in steps of 10 m and a second."""
    odometry = DriftingOdometry(drift)
    for step in range(length_m // 10 + 1):
        told = odometry.estimate(step * NS, ahead(10.0 * step, 10.0))
    return told


def planar(told: EgoEstimate) -> np.ndarray:
    pose = told.ego.map_from_base
    return np.array([*pose[:2, 3], rpy_from_rotation(pose[:3, :3])[2]])


def round_and_round(
    drift: OdometryDrift, dt_s: float, frames: int
) -> list[tuple[EgoState, EgoEstimate]]:
    """Return truth and estimate of a drive in a circle of 20 m radius at 8 m/s."""
    odometry, seen = DriftingOdometry(drift), []
    for frame in range(frames):
        angle = 0.4 * dt_s * frame
        place = (20.0 * np.sin(angle), 20.0 * (1.0 - np.cos(angle)), 0.3)
        ego = moving(matrix_from_xyz_rpy(place, (0.0, 0.02, angle)), 8.0, 0.4)
        seen.append((ego, odometry.estimate(round(frame * dt_s * NS), ego)))
    return seen


def test_without_drift_the_estimate_is_the_truth() -> None:
    for ego, told in round_and_round(OdometryDrift(seed=3), 0.05, 400):
        np.testing.assert_allclose(told.ego.map_from_base, ego.map_from_base, atol=1e-9)
        np.testing.assert_array_equal(told.ego.linear_base_mps, ego.linear_base_mps)
        np.testing.assert_array_equal(told.ego.angular_base_radps, ego.angular_base_radps)
        np.testing.assert_array_equal(told.pose_covariance, np.eye(6) * 1e-6)


@pytest.mark.parametrize("length_m", [100, 400])
def test_x_and_y_spread_as_asked_and_with_the_root_of_the_way(length_m: int) -> None:
    ends = [planar(straight(OdometryDrift(0.5, 0.0, seed), length_m)) for seed in range(200)]
    off = np.array(ends) - (length_m, 0.0, 0.0)
    sigma_m = 0.5 * (length_m / 100.0) ** 0.5
    # A deviation of 200 draws is itself uncertain by 1 / sqrt(400) = 5 %, a mean by 7 % of it.
    np.testing.assert_allclose(off[:, :2].std(axis=0), sigma_m, rtol=0.15)
    np.testing.assert_allclose(off[:, :2].mean(axis=0), 0.0, atol=0.25 * sigma_m)
    assert abs(np.corrcoef(off[:, 0], off[:, 1])[0, 1]) < 0.25
    np.testing.assert_array_equal(off[:, 2], 0.0)


def test_a_wrong_yaw_leads_astray_as_dead_reckoning_does_and_the_covariance_says_so() -> None:
    drift = OdometryDrift(0.2, radians(1.5))
    told = [straight(replace(drift, seed=seed), 200) for seed in range(200)]
    ends = np.array([planar(one) for one in told])
    sigma_rad = radians(1.5) * 2.0**0.5
    assert ends[:, 2].std() == pytest.approx(sigma_rad, rel=0.15)
    # Sideways, the yaw's walk adds up: its variance after L is that of a walk's integral, L^2 / 3.
    across_m = np.hypot(0.2 * 2.0**0.5, sigma_rad * 200.0 / 3.0**0.5)
    assert ends[:, 1].std() == pytest.approx(across_m, rel=0.15)
    spread = np.sqrt(np.diag(told[0].pose_covariance))
    assert spread[[1, 5]] == pytest.approx([across_m, sigma_rad], rel=0.05)
    assert spread[[2, 3, 4]] == pytest.approx(1e-3)
    assert told[0].pose_covariance[1, 5] > 0.0  # who turned left is left


def test_neither_pose_nor_velocity_jumps_and_the_velocity_is_that_of_the_pose() -> None:
    dt_s = 0.01
    seen = [told.ego for _, told in round_and_round(OdometryDrift(1.0, 0.1, 5), dt_s, 1000)]
    slips = []
    for sooner, later in pairwise(seen):
        moved = invert(sooner.map_from_base) @ later.map_from_base
        mean = (sooner.linear_base_mps + later.linear_base_mps) / 2.0
        np.testing.assert_allclose(moved[:2, 3] / dt_s, mean[:2], atol=0.02)
        rate = rotation_rate(sooner.map_from_base, later.map_from_base, dt_s)
        turning = (sooner.angular_base_radps + later.angular_base_radps) / 2.0
        np.testing.assert_allclose(rate[2], turning[2], atol=0.002)
        slips.append(np.abs(later.linear_base_mps - sooner.linear_base_mps).max())
    assert max(slips) < 0.1  # 10 m/s^2: eased in, where a step at a leg's end would be 0.3 m/s
    assert max(abs(one.linear_base_mps[0] - 8.0) for one in seen) > 0.1


def test_the_drift_is_that_of_the_way_in_whatever_steps_it_is_driven() -> None:
    drift = OdometryDrift(0.5, 0.0, 11)
    ends = []
    for steps in (10, 40, 400):
        odometry = DriftingOdometry(drift)
        for step in range(steps + 1):
            told = odometry.estimate(step * 10 * NS // steps, ahead(100.0 * step / steps, 10.0))
        ends.append(planar(told))
    np.testing.assert_allclose(ends[1:], [ends[0]] * 2, atol=1e-9)
    assert np.abs(ends[0] - (100.0, 0, 0)).max() > 0.05
    assert not np.allclose(planar(straight(replace(drift, seed=12), 100)), ends[0], atol=0.01)


def test_the_walk_is_the_same_in_whatever_order_it_is_asked_for() -> None:
    drift = OdometryDrift(0.5, 0.1, 4)
    places = [999.0, 3.0, 47.5, 500.0, 0.0]
    asked = {place: drift.at(place)[0] for place in places}
    for place in sorted(places):
        np.testing.assert_array_equal(OdometryDrift(0.5, 0.1, 4).at(place)[0], asked[place])
    np.testing.assert_array_equal(asked[0.0], 0.0)


def test_who_stands_does_not_drift_and_a_jump_of_the_truth_is_no_way() -> None:
    odometry = DriftingOdometry(OdometryDrift(5.0, 0.5, 2))
    for frame in range(100):
        told = odometry.estimate(frame * NS, ahead(7.0, 0.0))
    np.testing.assert_array_equal(told.ego.map_from_base, ahead(7.0, 0.0).map_from_base)
    np.testing.assert_array_equal(told.ego.linear_base_mps, 0.0)
    jumped = odometry.estimate(101 * NS, ahead(900.0, 0.0))
    np.testing.assert_array_equal(jumped.ego.map_from_base, ahead(900.0, 0.0).map_from_base)
