"""Frames and stamps of one's own run, of somebody else's, and of a world that just runs."""

from __future__ import annotations

from types import SimpleNamespace

from carla_nurec_bridge.core.run_contract.frame_counter import FrameCounter
from carla_nurec_bridge.core.run_contract.timebase import TickClock

_CLOCK = TickClock(1_000_000_000, 50_000_000)


def test_own_frames_are_a_tick_apart_whatever_carla_says() -> None:
    at = FrameCounter(_CLOCK, own=True)
    at.count(100, 7.0)
    assert (at.frame, at.stamp_ns, at.origin_s) == (0, 1_000_000_000, 7.0)
    at.count(102, 7.2)
    assert (at.frame, at.stamp_ns) == (1, 1_050_000_000)
    assert at.stamp_of(100) == 1_000_000_000
    assert at.stamp_of(99) == 1_050_000_000


def test_a_follower_counts_the_other_runs_frames_even_if_it_missed_some() -> None:
    at = FrameCounter(_CLOCK, own=False)
    at.run = SimpleNamespace(t0_ns=5_000_000_000, dt_ns=33_333_333, origin_s=2.0)
    at.count(10, 2.0 + 3 / 30)
    assert (at.frame, at.stamp_ns) == (3, 5_000_000_000 + 3 * 33_333_333)
    at.count(13, 2.0 + 6 / 30)
    assert at.frame == 6


def test_a_world_of_uneven_steps_gives_its_elapsed_time() -> None:
    at = FrameCounter(_CLOCK, own=False)
    at.count(1, 3.0)
    at.count(2, 3.0163)
    at.count(3, 3.0401)
    assert at.stamp_ns == 1_040_100_000
