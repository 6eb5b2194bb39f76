"""Which ticks of a live world are frames: of our own, and of another client that may be faster."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytest.importorskip("carla")

from carla_nurec_bridge.dataset.record.sources.live_ticks import LiveTicks


class World:
    """A session whose ticks are given: elapsed seconds after each."""

    def __init__(self, elapsed_s: list[float], step_s: float | None, *, owned_by_other: bool):
        settings = SimpleNamespace(synchronous_mode=owned_by_other, fixed_delta_seconds=step_s)
        self.world = SimpleNamespace(get_settings=lambda: settings)
        self._elapsed_s = iter(elapsed_s)
        self.step_ns = 0
        self.followed = False

    def synchronise(self, dt_ns: int) -> None:
        self.step_ns = dt_ns

    def follow(self, patience_s: float) -> None:
        self.followed = True

    def tick(self) -> SimpleNamespace:
        return SimpleNamespace(timestamp=SimpleNamespace(elapsed_seconds=next(self._elapsed_s)))


def frames(world: World, fps: float, count: int) -> tuple[LiveTicks, list[int]]:
    ticks = LiveTicks(world, fps)
    source = ticks.frames(lambda: None)
    return ticks, [next(source)[0] for _ in range(count)]


def test_slow_frames_are_made_of_several_ticks_of_at_most_a_tenth_of_a_second() -> None:
    world = World([7.0 + 0.1 * k for k in range(20)], None, owned_by_other=False)
    ticks, stamps = frames(world, 4.0, 3)
    assert ticks.owned
    assert world.step_ns == pytest.approx(250e6 / 3, abs=1)
    assert stamps[0] == 7_200_000_000  # the third tick's
    assert {stamps[k + 1] - stamps[k] for k in range(2)} == {ticks.dt_ns}


def test_another_clients_ticks_keep_their_times_and_gaps_stay() -> None:
    elapsed = [3.0 + 0.05 * k for k in range(40) if not 6 <= k <= 11]
    ticks, stamps = frames(World(elapsed, 0.05, owned_by_other=True), 10.0, 5)
    assert not ticks.owned
    assert [round(stamp / 1e6) for stamp in stamps] == [3000, 3100, 3200, 3600, 3700]


def test_ticks_of_any_length_are_taken_at_the_rate_that_is_asked_for() -> None:
    elapsed = [1.0, 1.03, 1.11, 1.12, 1.19, 1.26, 1.31]
    ticks, stamps = frames(World(elapsed, None, owned_by_other=True), 10.0, 4)
    assert [round(stamp / 1e6) for stamp in stamps] == [1000, 1110, 1260, 1310]
    assert "any length" in ticks.note
