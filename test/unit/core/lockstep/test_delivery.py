"""Sensor data under way: with which frame each goes out, in which order, and what is left over."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carla_nurec_bridge.core.lockstep.delivery import AT_ONCE, Deliveries, Delivery
from carla_nurec_bridge.core.lockstep.latency import Latency

_MS = 1_000_000
_DT = 50 * _MS

deliveries = st.builds(
    Delivery,
    st.builds(
        Latency, st.integers(0, 400 * _MS), st.integers(0, 400 * _MS), st.integers(0, 2**31 - 1)
    ),
    st.just(_DT),
    st.sampled_from(("front", "top")),
    st.integers(1, 5),
)


@pytest.mark.parametrize(("latency_ms", "late"), [(0, 0), (1, 1), (50, 1), (51, 2), (120, 3)])
def test_a_capture_goes_out_with_the_first_frame_from_its_stamp_plus_latency_on(
    latency_ms: int, late: int
) -> None:
    delivery = Delivery(Latency(latency_ms * _MS), _DT, "front", 2)
    assert [delivery.frame_of(k) for k in (2, 4, 6)] == [2 + late, 4 + late, 6 + late]
    captured = [delivery.captured(frame) for frame in range(late + 5)]
    assert captured == [[]] * late + [[], [], [2], [], [4]]
    assert [delivery.under_way(frames) for frames in (0, 2)] == [0, int(late > 0)]


@given(deliveries, st.integers(1, 60))
def test_all_that_is_captured_goes_out_once_in_order_no_earlier_than_its_latency(
    delivery: Delivery, frames: int
) -> None:
    period = delivery.period
    captures = list(range(period, frames + 1, period))
    out = [(frame, k) for frame in range(frames + 1) for k in delivery.captured(frame)]
    assert [k for _, k in out] == captures[: len(out)]
    assert len(captures) - len(out) == delivery.under_way(frames)
    newest = 0
    for frame, k in out:
        own = -(-delivery.latency.of_ns(delivery.sensor, k) // _DT)
        newest = max(newest, k + own)
        assert frame == newest  # its own time, or the last of who is before it


@given(st.dictionaries(st.sampled_from(("front", "top", "imu")), deliveries, min_size=1))
def test_who_holds_captures_sends_what_everybody_else_expects(
    by_sensor: dict[str, Delivery],
) -> None:
    holding = Deliveries(by_sensor)
    sent: list[tuple[str, int]] = []
    for frame in range(40):
        sent.clear()
        holding.open(frame)
        for sensor, delivery in by_sensor.items():
            if frame and frame % delivery.period == 0:
                holding.put(sensor, frame, partial(sent.append, (sensor, frame)))
        expected = {s: d.captured(frame) for s, d in by_sensor.items()}
        assert {s: [k for name, k in sent if name == s] for s in by_sensor} == expected
    assert holding.under_way == sum(d.under_way(39) for d in by_sensor.values())


def test_without_latency_nothing_is_held() -> None:
    assert [AT_ONCE.frame_of(k) for k in range(3)] == [0, 1, 2]
    assert AT_ONCE.under_way(100) == 0
    holding, sent = Deliveries({"front": Delivery(sensor="front")}), list[int]()
    holding.put("front", 3, partial(sent.append, 3))
    assert sent == [3]
    assert holding.under_way == 0


def test_a_producer_that_skips_frames_sends_what_has_become_due_meanwhile() -> None:
    holding, sent = Deliveries({"front": Delivery(Latency(2 * _DT), _DT, "front")}), list[int]()
    for frame in (1, 2, 9):
        holding.open(frame)
        holding.put("front", frame, partial(sent.append, frame))
    assert sent == [1, 2]
    assert holding.under_way == 1
