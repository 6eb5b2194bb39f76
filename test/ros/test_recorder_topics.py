"""The recorder says which publishers it cannot hear, without rclpy's events for every topic."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import rclpy
from nav_msgs.msg import Odometry
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from std_msgs.msg import String

from carla_nurec_bridge.core.lockstep.words import RunState
from carla_nurec_bridge.core.rig.rig import load_rig
from carla_nurec_bridge.core.run_contract.streams import RECORDER
from carla_nurec_bridge.core.run_contract.topics import TOPICS
from carla_nurec_bridge.nodes.cosmos_recorder import CosmosRecorder
from carla_nurec_bridge.ros.lockstep.participation import Participation
from carla_nurec_bridge.ros.parameters.recorder import RecorderParameters
from carla_nurec_bridge.ros.recorder.control_process import ControlProcess
from carla_nurec_bridge.ros.recorder.mismatch_watch import LOOK_S, MismatchWatch
from carla_nurec_bridge.ros.recorder.topics import recorded_topics
from carla_nurec_bridge.ros.runtime.spinner import Spinner

pytestmark = pytest.mark.ros


def test_a_publisher_that_cannot_be_heard_is_named_with_the_reason() -> None:
    context = Context()
    rclpy.init(context=context)
    node, other = Node("cosmos_recorder", context=context), Node("their_ego", context=context)
    try:
        topics = recorded_topics(node, load_rig("demo"), RecorderParameters())
        topics.subscribe(node, lambda *_: None)
        before = len(list(node.waitables))
        assert before < len(topics.names), "no events of QoS are waited for"
        assert topics.mismatched(node) == []
        best_effort = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
        other.create_publisher(Odometry, "odometry", best_effort)
        deadline = time.monotonic() + 60.0
        while not (found := topics.mismatched(node)) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(found) == 1
        assert found[0].startswith("/odometry of their_ego cannot be recorded")
        assert "best effort" in found[0].lower()
    finally:
        node.destroy_node()
        other.destroy_node()
        context.try_shutdown()


def test_publishers_are_looked_at_every_few_seconds_and_told_once() -> None:
    there: list[str] = []
    looks: list[int] = []
    told: list[str] = []

    def mismatched() -> list[str]:
        looks.append(1)
        return list(there)

    watch = MismatchWatch(mismatched, told.append)
    watch.look_if_due(100.0)
    there.append("b cannot be recorded")
    watch.look_if_due(100.0 + 0.9 * LOOK_S)
    assert (len(looks), told) == (1, []), "looking costs time"
    watch.look_if_due(100.0 + LOOK_S)
    assert told == ["b cannot be recorded"]
    there.append("a cannot be recorded")
    watch.look_if_due(100.0 + 2 * LOOK_S)
    there.clear()
    watch.look()
    assert told == ["b cannot be recorded", "a cannot be recorded"]
    assert watch.found == tuple(told)


def test_a_late_publisher_of_an_event_that_cannot_be_heard_is_told_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = ControlProcess()
    context = Context()
    rclpy.init(context=context)
    node, other = Node(RECORDER, context=context), Node("their_weather", context=context)
    recorder = CosmosRecorder(
        node, Spinner(node), RecorderParameters(run_dir=str(tmp_path)), process
    )

    def turns(_: Participation) -> Iterator[None]:
        yield None
        best_effort = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
        other.create_publisher(String, TOPICS["weather"].name, best_effort)
        deadline = time.monotonic() + 60.0
        while not node.get_publishers_info_by_topic(f"/{TOPICS['weather'].name}"):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield None

    running = RunState("run 1", "running", "", 0, 0, 1)
    monkeypatch.setattr(Participation, "wait_begin", lambda *_, **__: running)
    monkeypatch.setattr(Participation, "turns", turns)
    try:
        recorder.work()
        recorder.close()
        (sentence,) = json.loads((tmp_path / "parts" / f"{RECORDER}.json").read_text())["unheard"]
        assert "/weather of their_weather cannot be recorded" in sentence
    finally:
        process.end()
        node.destroy_node()
        other.destroy_node()
        context.try_shutdown()
