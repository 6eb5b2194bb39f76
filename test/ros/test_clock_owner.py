"""Who owns the clock, and who does not read yet what is published."""

from __future__ import annotations

import time
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
from nav_msgs.msg import Odometry
from rclpy.context import Context
from rclpy.node import Node
from rosgraph_msgs.msg import Clock

from carla_nurec_bridge.core.errors import RunError
from carla_nurec_bridge.core.run_contract.streams import EGO, RECORDER, Stream
from carla_nurec_bridge.ros.lockstep import clock_owner
from carla_nurec_bridge.ros.lockstep.clock_owner import refuse_second_clock
from carla_nurec_bridge.ros.publishers.publishers import Publishers
from carla_nurec_bridge.ros.publishers.qos import profile

pytestmark = pytest.mark.ros

_MS = 1_000_000


def test_a_second_clock_is_refused_by_name(context: Context) -> None:
    own, other = Node(EGO, context=context), Node("simulator", context=context)
    own.create_publisher(Clock, "/clock", 10)
    refuse_second_clock(own, 0.5)
    other.create_publisher(Clock, "/clock", 10)
    with pytest.raises(RunError, match="/simulator already publishes /clock"):
        refuse_second_clock(own, 60.0)
    own.destroy_node()
    other.destroy_node()


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ([["_NODE_NAME_UNKNOWN_"]], "a program that does not tell its name already publishes"),
        ([["_NODE_NAME_UNKNOWN_"], ["late"]], "/there/late already publishes"),
        ([["_NODE_NAME_UNKNOWN_"], []], ""),
    ],
)
def test_a_clock_of_an_unnamed_program_is_refused_in_words(
    told: list[list[str]], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock_owner, "_NAME_S", 0.3)
    answers = iter(told)
    last = told[-1]

    def infos(_: str) -> list[Any]:
        names = [EGO, *next(answers, last)]
        return [SimpleNamespace(node_name=n, node_namespace="/there") for n in names]

    node = SimpleNamespace(
        get_name=lambda: EGO, get_namespace=lambda: "/there", get_publishers_info_by_topic=infos
    )
    with pytest.raises(RunError, match=words) if words else nullcontext():
        refuse_second_clock(node)  # type: ignore[arg-type]


def test_publishers_know_who_does_not_read_yet(context: Context) -> None:
    ego, recorder = Node(EGO, context=context), Node(RECORDER, context=context)
    stream = Stream("odometry", "odometry", EGO, 1, True)
    publishers = Publishers(ego, [stream])
    assert publishers.unmatched([EGO]) == []
    assert publishers.unmatched([EGO, RECORDER]) == ["cosmos_recorder does not read odometry"]
    recorder.create_subscription(Odometry, "odometry", lambda _: None, profile("state"))
    deadline = time.monotonic() + 60
    while publishers.unmatched([EGO, RECORDER]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert publishers.unmatched([EGO, RECORDER]) == []
    publishers.publish("odometry", Odometry())
    assert publishers.counts == {"odometry": 1}
    ego.destroy_node()
    recorder.destroy_node()
