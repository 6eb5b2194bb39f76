"""Stamps are exact integers, and rates that do not fit the tick are refused."""

import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.run_contract.timebase import (
    TickClock,
    is_due,
    period_in_ticks,
    seconds_to_ns,
)


def test_stamps_do_not_drift():
    clock = TickClock(t0_ns=1_600_000_000_000_000_000, dt_ns=seconds_to_ns(0.05))
    assert clock.stamp_ns(72_000) - clock.t0_ns == 3600 * 10**9
    assert clock.stamp_us(1) == 1_600_000_000_050_000
    assert clock.frame_at(clock.stamp_ns(123)) == 123
    with pytest.raises(InputError, match="between two frames"):
        clock.frame_at(clock.stamp_ns(3) + 1)


@pytest.mark.parametrize(("t0", "dt"), [(0, 1), (-5, 1), (1, 0)])
def test_impossible_clocks_are_refused(t0, dt):
    with pytest.raises(InputError):
        TickClock(t0, dt)


@pytest.mark.parametrize(
    ("rate", "dt_s", "ticks"),
    [(20, 0.05, 1), (10, 0.05, 2), (1, 0.05, 20), (30, 1 / 60, 2), (2.5, 0.1, 4)],
)
def test_periods(rate, dt_s, ticks):
    assert period_in_ticks(rate, seconds_to_ns(dt_s), "camera") == ticks


@pytest.mark.parametrize("rate", [15, 40, 0, -1])
def test_rates_that_do_not_divide_the_tick_rate_name_the_stream(rate):
    with pytest.raises(InputError, match="front camera"):
        period_in_ticks(rate, seconds_to_ns(0.05), "front camera")


@pytest.mark.parametrize(
    ("rate", "dt_s", "nearest"),
    [
        (25, 1 / 60, "30 Hz (every 2 ticks), 20 Hz (every 3 ticks)"),
        (8, 0.05, "10 Hz (every 2 ticks), 6.66667 Hz (every 3 ticks)"),
        (0.333, 0.1, "0.333333 Hz (every 30 ticks), 0.322581 Hz (every 31 ticks)"),
        (15, 0.05, "20 Hz (every tick), 10 Hz (every 2 ticks)"),
        (40, 0.05, "20 Hz (every tick)"),
    ],
)
def test_the_nearest_rates_are_told(rate, dt_s, nearest):
    with pytest.raises(InputError) as refused:
        period_in_ticks(rate, seconds_to_ns(dt_s), "camera")
    assert str(refused.value).endswith(f"nearest: {nearest}")


@pytest.mark.parametrize(
    ("rate", "dt_s", "ticks"),
    [(30, 0.0333333, 1), (0.333333, 0.1, 30), (6.66667, 0.05, 3), (6.667, 0.05, 3)],
)
def test_rates_and_steps_may_be_rounded(rate, dt_s, ticks):
    assert period_in_ticks(rate, seconds_to_ns(dt_s), "camera") == ticks


def test_due_frames_leave_out_frame_zero():
    assert [k for k in range(7) if is_due(k, 2)] == [2, 4, 6]
