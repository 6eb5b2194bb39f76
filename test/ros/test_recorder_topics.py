"""The recorder says which publishers it cannot hear, without rclpy's events for every topic."""

from __future__ import annotations

import time

import pytest
import rclpy
from nav_msgs.msg import Odometry
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy

from carla_nurec_bridge.core.rig.rig import load_rig
from carla_nurec_bridge.ros.parameters.recorder import RecorderParameters
from carla_nurec_bridge.ros.recorder.topics import recorded_topics

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
