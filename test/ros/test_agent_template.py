"""The agent of docs/agent_template, in lock-step with the real owner's side of the protocol."""

from __future__ import annotations

import importlib.util
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path as FilePath
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import rclpy
from ackermann_msgs.msg import AckermannDriveStamped
from nav_msgs.msg import Odometry, Path
from rclpy.context import Context
from rclpy.node import Node
from vision_msgs.msg import Detection3D, Detection3DArray

from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.core.lockstep.patience import FrameWait, GoOn
from carla_nurec_bridge.core.lockstep.words import RunState
from carla_nurec_bridge.ros.lockstep.barrier import Barrier
from carla_nurec_bridge.ros.messages.convert import header, nanoseconds_of, pose_message
from carla_nurec_bridge.ros.messages.ego import path_message
from carla_nurec_bridge.ros.publishers.qos import profile
from carla_nurec_bridge.ros.runtime.spinner import Spinner

pytestmark = pytest.mark.ros

_TEMPLATE = FilePath(__file__).parents[2] / "docs" / "agent_template"
_T0_NS, _DT_NS = 1_000_000_000, 100_000_000
_RADIUS_M = 25.0


def template() -> ModuleType:
    spec = importlib.util.spec_from_file_location("agent", _TEMPLATE / "my_agent" / "agent.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Owner:
    """What carla_ego is to an agent: route, odometry and run go out, commands and answers come."""

    def __init__(self, context: Context) -> None:
        self.node = Node("owner", context=context)
        self.barrier = Barrier(self.node, ["my_agent"], "run-1")
        self.route = self.node.create_publisher(Path, "route", profile("latched"))
        self.odometry = self.node.create_publisher(Odometry, "odometry", profile("state"))
        self.objects = self.node.create_publisher(Detection3DArray, "objects", profile("state"))
        self.commands: dict[int, AckermannDriveStamped] = {}
        self.node.create_subscription(
            AckermannDriveStamped, "command/ackermann", self._hear, profile("command")
        )
        self.barrier.listen()

    def _hear(self, message: AckermannDriveStamped) -> None:
        self.commands[nanoseconds_of(message.header.stamp)] = message

    def step(
        self, frame: int, map_from_base: np.ndarray, *places_m: tuple[float, float]
    ) -> AckermannDriveStamped:
        """Make a frame with somebody at these places; return the command that answers it."""
        stamp_ns = _T0_NS + frame * _DT_NS
        self.barrier.open(frame, stamp_ns)
        message = Odometry(header=header(stamp_ns, "odom"))
        message.pose.pose = pose_message(map_from_base)
        objects = Detection3DArray(header=header(stamp_ns, "map"))
        for x, y in places_m:
            other = Detection3D()
            other.bbox.center = pose_message(matrix_from_xyz_rpy((x, y, 0.7), (0, 0, 0)))
            objects.detections.append(other)
        self.objects.publish(objects)  # topics have no order
        self.odometry.publish(message)
        heard = self.barrier.wait(
            lambda roster: FrameWait(roster, "abort", frame_s=60.0, first_frame_s=60.0),
            lambda answers: stamp_ns in self.commands,
        )
        assert heard == GoOn()
        return self.commands[stamp_ns]


def until(true: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 60.0
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture
def owner() -> Iterator[Owner]:
    context = Context()
    rclpy.init(context=context)
    made = Owner(context)
    try:
        with Spinner(made.node):
            yield made
    finally:
        made.node.destroy_node()
        context.try_shutdown()


def test_the_template_joins_keeps_to_its_route_and_stops_behind_others(owner: Owner) -> None:
    angles = np.arange(0.0, 60.0) / _RADIUS_M
    points = [
        matrix_from_xyz_rpy((_RADIUS_M * math.sin(a), _RADIUS_M * (1 - math.cos(a)), 0), (0, 0, a))
        for a in angles
    ]
    rclpy.init()
    agent = template().MyAgent()
    x = y = yaw = 0.0
    try:
        with Spinner(agent):
            until(lambda: not owner.barrier.unready())
            owner.barrier.say(RunState("run-1", "running", "", 0, _T0_NS, _DT_NS))
            until(lambda: owner.odometry.get_subscription_count() == 1)
            until(lambda: owner.objects.get_subscription_count() == 1)
            owner.route.publish(path_message(np.array(points), _T0_NS))
            for frame in range(70):
                drive = owner.step(frame, matrix_from_xyz_rpy((x, y, 0), (0, 0, yaw))).drive
                x += drive.speed * math.cos(yaw) * 0.1
                y += drive.speed * math.sin(yaw) * 0.1
                yaw += drive.speed / 2.85 * math.tan(drive.steering_angle) * 0.1
                assert abs(math.hypot(x, y - _RADIUS_M) - _RADIUS_M) < 0.6
            assert drive.speed == 7.0
            here = matrix_from_xyz_rpy((x, y, 0), (0, 0, yaw))
            ahead, beside, far = ((here @ (*at, 0, 1))[:2] for at in ((16, 1), (10, 3), (18, 0)))
            assert owner.step(70, here, beside, far).drive.speed == 7.0
            assert owner.step(71, here, beside, ahead).drive.speed == 0.0
            assert _RADIUS_M * yaw == pytest.approx(49.0, abs=1.0)
    finally:
        agent.destroy_node()
        rclpy.try_shutdown()


def test_the_page_shows_the_template() -> None:
    page = (_TEMPLATE.parent / "agents.md").read_text(encoding="utf-8")
    assert (_TEMPLATE / "my_agent" / "agent.py").read_text(encoding="utf-8") in page
