"""Who stands still is told from who is stopped with all that looks at it."""

from __future__ import annotations

from carla_nurec_bridge.core.lockstep.stall import Stall


def looks(times_s: list[float], numbers: list[int | None]) -> list[bool]:
    stall = Stall(3.0, iter([0.0, *times_s]).__next__)
    return [stall.look(number) for number in numbers]


def test_what_does_not_go_on_stands_still_after_its_limit() -> None:
    assert looks([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 2]) == [False] * 4 + [True, False]


def test_nothing_to_be_done_is_no_standstill() -> None:
    assert not any(looks([1, 2, 3, 4, 5, 6], [None] * 6))


def test_who_was_stopped_for_an_hour_has_not_stood_still_so_long() -> None:
    assert looks([1, 3600, 3601, 3602], [1, 1, 1, 1]) == [False, False, False, True]
