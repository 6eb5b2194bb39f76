"""When commands act: by stamp, by precedence, and after their latency."""

from __future__ import annotations

import pytest

from carla_nurec_bridge.core.lockstep.command_queue import CommandQueue
from carla_nurec_bridge.core.lockstep.latency import NO_LATENCY, Latency

_MS = 1_000_000
_DT = 50 * _MS
TOPICS = ("direct", "ackermann")


def queue(latency: Latency = NO_LATENCY, *, lockstep: bool = True) -> CommandQueue[str]:
    return CommandQueue(TOPICS, lockstep=lockstep, hold_ns=500 * _MS, latency=latency)


def acting_by_frame(commands: CommandQueue[str], frames: int) -> list[str]:
    """Answer each frame k (stamps from 1 s on) with "k"; return what acts after each."""
    acting = []
    for frame in range(frames):
        stamp_ns = 1000 * _MS + frame * _DT
        commands.open(stamp_ns)
        assert commands.offer("ackermann", stamp_ns, str(frame)) == "accepted"
        now = commands.acting()
        acting.append(now[0] if now is not None else "")
    return acting


@pytest.mark.parametrize(
    ("latency_ms", "first"),
    [(0, 0), (1, 1), (50, 1), (51, 2), (100, 2), (120, 3)],
)
def test_a_command_of_frame_k_acts_at_the_first_frame_from_k_plus_latency_on(
    latency_ms: int, first: int
) -> None:
    acting = acting_by_frame(queue(Latency(latency_ms * _MS)), 8)
    assert acting == [""] * first + [str(k) for k in range(8 - first)]


def test_jitter_is_drawn_by_the_seed_alone_and_never_lets_an_older_command_act() -> None:
    def drawn(seed: int) -> list[str]:
        return acting_by_frame(queue(Latency(20 * _MS, 130 * _MS, seed)), 60)

    first = drawn(1)
    assert first == drawn(1)
    assert first != drawn(2)
    numbers = [int(text or -1) for text in first]
    assert numbers == sorted(numbers)
    ages = [frame - k for frame, k in enumerate(numbers) if k >= 0]
    assert set(ages) == {1, 2, 3}  # 20 to 150 ms, of frames that are 50 ms apart


def test_jitter_is_even_between_its_ends() -> None:
    latency = Latency(1000, 99, 7)
    drawn = [latency.of_ns("camera", k) for k in range(20_000)]
    assert (min(drawn), max(drawn)) == (1000, 1099)
    # The mean of 20,000 even draws of 0..99: 49.5, with a deviation of 28.87 / sqrt(20000) = 0.2.
    assert sum(drawn) / len(drawn) == pytest.approx(1049.5, abs=1.0)
    assert drawn != [latency.of_ns("lidar", k) for k in range(20_000)]


def test_of_two_commands_for_a_frame_precedence_decides_in_whatever_order_they_come() -> None:
    for order in (TOPICS, TOPICS[::-1]):
        commands = queue()
        commands.open(1000)
        assert [commands.offer(topic, 1000, topic) for topic in order] == ["accepted"] * 2
        assert commands.acting() == ("direct", 0)


def test_a_second_command_of_a_topic_is_not_taken() -> None:
    commands = queue()
    commands.open(1000)
    verdicts = [commands.offer("direct", 1000, name) for name in ("first", "second")]
    assert verdicts == ["accepted", "repeated"]
    assert commands.acting() == ("first", 0)
    assert commands.arrived("direct") == 1


def test_without_lockstep_the_last_to_come_acts_after_its_latency() -> None:
    commands = queue(Latency(100 * _MS), lockstep=False)
    commands.open(1000 * _MS)
    for name in ("a", "b"):
        assert commands.offer("direct", 0, name) == "accepted"
    commands.open(1050 * _MS)
    assert commands.acting() is None
    commands.open(1100 * _MS)
    assert commands.acting() == ("b", 0)
    assert commands.offer("direct", 400 * _MS, "old") == "late"


def test_a_stamp_of_the_future_counts_as_now_and_makes_no_later_command_old() -> None:
    commands = queue(lockstep=False)
    commands.open(1000 * _MS)
    assert (
        commands.offer("ackermann", 2**31 * 1_000_000_000, "of a clock on the wall") == "accepted"
    )
    assert commands.acting() == ("of a clock on the wall", 0)
    commands.open(1050 * _MS)
    assert commands.offer("ackermann", 1050 * _MS, "of simulated time") == "accepted"
    assert commands.acting() == ("of simulated time", 0)


def test_a_flood_while_time_stands_is_not_kept() -> None:
    commands = queue(Latency(100 * _MS), lockstep=False)
    commands.open(1000 * _MS)
    for number in range(10_000):
        commands.offer("direct", 0, str(number))
    assert len(commands._entries) == 1
