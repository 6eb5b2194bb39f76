"""Commands in SI units against simple vehicles whose wheels and pedals act by a formula."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from carla_nurec_bridge.carla_client.driving.pedals import DriveController
from carla_nurec_bridge.world.command import STAND_STILL, Command
from carla_nurec_bridge.world.vehicle_info import VehicleInfo

_DT_S = 0.05
_MAX_RAD = 1.2
_INFO = VehicleInfo(
    "car",
    2.85,
    _MAX_RAD,
    (4.9, 1.84, 1.5),
    (1.4, 0.0, 0.75),
    ((0.0, 1.2), (10.0, 0.96), (20.0, 0.84)),
)


def _as_told(speed_mps: float) -> float:
    return float(np.interp(speed_mps, [0.0, 10.0, 20.0], [1.0, 0.8, 0.7]))


def _flat(speed_mps: float) -> float:
    return 1.0


def _another(speed_mps: float) -> float:
    return float(np.interp(speed_mps, [0.0, 20.0], [1.0, 0.5]))


def _steered(
    asked_rad: list[float],
    speed_mps: float,
    share: Callable[[float], float],
    rise_per_s: float = 4.0,
    rate_radps: float = 0.0,
) -> list[float]:
    """Return where wheels stand that turn to ``share(speed)`` of what CARLA's steer says."""
    controller, wheel = DriveController(_INFO, _DT_S), 0.0
    angles = []
    for angle in asked_rad:
        command = Command("ackermann", angle, speed_mps, steer_radps=rate_radps)
        steer = controller.control(command, speed_mps, wheel * _MAX_RAD).steer
        wanted = -steer * share(speed_mps)
        wheel += max(-rise_per_s * _DT_S, min(rise_per_s * _DT_S, wanted - wheel))
        angles.append(wheel * _MAX_RAD)
    return angles


@pytest.mark.parametrize("speed_mps", [0.0, 5.0, 10.0, 20.0, 30.0])
@pytest.mark.parametrize("angle_rad", [0.2, -0.2, 0.05])
def test_an_angle_arrives_at_once_where_the_curve_is_the_one_told(
    speed_mps: float, angle_rad: float
) -> None:
    angles = _steered([angle_rad] * 60, speed_mps, _as_told)
    np.testing.assert_allclose(angles[3:], angle_rad, rtol=1e-6)


@pytest.mark.parametrize("share", [_flat, _another])
@pytest.mark.parametrize("angle_rad", [0.2, -0.2, 0.05])
def test_an_angle_arrives_where_the_server_has_another_curve(
    share: Callable[[float], float], angle_rad: float
) -> None:
    turned = [angle_rad] * 60 + [-angle_rad] * 10
    angles = _steered(turned, 15.0, share)
    np.testing.assert_allclose(angles[45:60], angle_rad, rtol=0.01)
    np.testing.assert_allclose(angles[-5:], -angle_rad, rtol=0.01)  # holds for the other side


def test_a_moving_wheel_teaches_nothing() -> None:
    asked = list(0.3 * np.sin(np.arange(200) * _DT_S * 2.0))
    slow = _steered([*asked, *[0.2] * 40], 10.0, _as_told, rise_per_s=0.3)
    assert max(slow[-5:]) == pytest.approx(0.2, rel=1e-3)
    assert max(slow) < 0.4


def test_wheels_that_are_stuck_do_not_wind_the_steering_up() -> None:
    controller = DriveController(_INFO, _DT_S)
    for stuck_rad in (0.0, -0.2, 0.2):
        for _ in range(500):
            control = controller.control(Command("ackermann", 0.3, 10.0), 10.0, stuck_rad)
        assert abs(control.steer) <= 0.3 / 0.96 * 1.6 + 1e-9


def test_wheels_in_the_air_teach_nothing() -> None:
    controller = DriveController(_INFO, _DT_S)
    for _ in range(100):
        control = controller.control(Command("ackermann", 0.3, 10.0), 10.0, 0.0)
    assert control.steer == pytest.approx(-0.3 / 0.96)


def test_steering_keeps_to_the_rate_that_was_asked() -> None:
    angles = np.array(_steered([0.4] * 60, 10.0, _as_told, rate_radps=0.2))
    np.testing.assert_allclose(np.diff(angles)[2:35], 0.2 * _DT_S, rtol=1e-3)
    assert angles[-1] == pytest.approx(0.4)


def test_what_lies_beyond_the_reach_is_clipped_and_said_once_a_command() -> None:
    controller = DriveController(_INFO, _DT_S)
    command = Command("ackermann", -1.0, 10.0)
    control = controller.control(command, 10.0, 0.0)
    assert control.steer == 1.0
    assert controller.clip == (
        "-1 rad of steering were asked for at 10.0 m/s, where the wheels reach 0.960"
    )
    controller.control(command, 10.0, -0.9)
    assert controller.clip == ""
    controller.control(Command("ackermann", -1.0, 1.0), 1.0, -0.9)  # slow enough
    assert controller.clip == ""
    controller.control(Command("direct", throttle=1.2), 1.0, 0.0)
    assert "throttle 1.2" in controller.clip
    assert controller.limit_rad(10.0) == pytest.approx(0.96)


def _driven(
    command: Command, speed: float, seconds: float, full_mps2: float = 6.0, brake_mps2: float = 9.0
) -> list[float]:
    """Return the speeds of a vehicle whose pedals are forces, with some drag."""
    controller, speeds = DriveController(_INFO, _DT_S), [speed]
    for _ in range(round(seconds / _DT_S)):
        control = controller.control(command, speed, 0.0)
        assert not (control.throttle > 0 and control.brake > 0)
        push = full_mps2 * control.throttle * (-1.0 if control.reverse else 1.0)
        speed += (push - 0.02 * speed) * _DT_S
        stop = brake_mps2 * control.brake * _DT_S
        speed = 0.0 if abs(speed) < stop else speed - np.sign(speed) * stop
        speeds.append(float(speed))
    return speeds


def test_a_speed_is_reached_and_held() -> None:
    assert _driven(Command("ackermann", 0.0, 8.0), 0.0, 20.0)[-1] == pytest.approx(8.0, abs=0.1)
    assert _driven(Command("ackermann", 0.0, 0.0), 8.0, 10.0)[-1] == 0.0


@pytest.mark.parametrize("full_mps2", [4.0, 9.0])
@pytest.mark.parametrize(("asked_mps2", "begin", "end"), [(1.0, 0.0, 10.0), (2.0, 12.0, 2.0)])
def test_a_speed_is_approached_at_the_asked_acceleration(
    full_mps2: float, asked_mps2: float, begin: float, end: float
) -> None:
    command = Command("ackermann", 0.0, end, acceleration_mps2=asked_mps2)
    speeds = _driven(command, begin, abs(end - begin) / asked_mps2 + 5.0, full_mps2)
    way = np.abs(np.array(speeds) - begin)
    first, last = np.searchsorted(way, [0.2 * way[-1], 0.8 * way[-1]])
    mean_mps2 = (way[last] - way[first]) / ((last - first) * _DT_S)
    assert mean_mps2 == pytest.approx(asked_mps2, rel=0.1)
    assert speeds[-1] == pytest.approx(end, abs=0.15)


def test_no_acceleration_asked_is_as_fast_as_possible() -> None:
    speeds = np.array(_driven(Command("ackermann", 0.0, 10.0), 0.0, 5.0))
    assert speeds[20] > 0.9 * 6.0 * 1.0


def test_a_jerk_rounds_the_way_to_a_speed() -> None:
    command = Command("ackermann", 0.0, 8.0, acceleration_mps2=2.0, jerk_mps3=1.0)
    speeds = np.array(_driven(command, 0.0, 12.0))
    # v = j t^2 / 2 while the acceleration grows
    assert speeds[round(1.5 / _DT_S)] == pytest.approx(0.5 * 1.5**2, rel=0.2)
    assert np.diff(speeds).max() / _DT_S < 2.4
    assert speeds[-1] == pytest.approx(8.0, abs=0.15)


def test_left_is_negative_for_carla() -> None:
    controller = DriveController(_INFO, _DT_S)
    assert controller.control(Command("ackermann", 0.3, 0.0), 0.0, 0.0).steer == -0.25
    assert controller.control(Command("direct", steer=0.4), 0.0, 0.0).steer == pytest.approx(-0.4)


def test_standing_still_is_brake_and_hand_brake() -> None:
    control = DriveController(_INFO, _DT_S).control(STAND_STILL, 3.0, 0.0)
    assert (control.brake, control.hand_brake, control.throttle) == (1.0, True, 0.0)


def test_who_rolls_the_other_way_stops_before_the_gear_changes() -> None:
    control = DriveController(_INFO, _DT_S).control(Command("ackermann", 0.0, -2.0), 3.0, 0.0)
    assert not control.reverse
    assert control.brake == 1.0
    backwards = _driven(Command("ackermann", 0.0, -2.0), 3.0, 15.0)
    assert backwards[-1] == pytest.approx(-2.0, abs=0.1)
