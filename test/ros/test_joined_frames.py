"""Messages of one stamp joined to frames, whatever their order."""

from __future__ import annotations

import pytest

from carla_nurec_bridge.ros.lockstep.joiner import Joiner

pytestmark = pytest.mark.ros

_MS = 1_000_000


def test_frames_are_joined_whatever_the_order() -> None:
    joiner = Joiner(("a", "b"), keep_all=True)
    joiner.add("b", 2, "b2")
    joiner.add("a", 1, "a1")
    joiner.add("a", 2, "a2")
    joiner.add("b", 1, "b1")
    first, second = joiner.next(0.1), joiner.next(0.1)
    assert first is not None
    assert second is not None
    assert (first.stamp_ns, dict(first.messages)) == (1, {"a": "a1", "b": "b1"})
    assert second.stamp_ns == 2
    assert joiner.next(0.01) is None


def test_a_slow_worker_gets_the_newest_frame_and_the_rest_are_counted() -> None:
    joiner = Joiner(("a",), keep_all=False)
    for stamp in (1, 2, 3):
        joiner.add("a", stamp, stamp)
    newest = joiner.next(0.1)
    assert newest is not None
    assert newest.stamp_ns == 3
    assert joiner.skipped == 2
