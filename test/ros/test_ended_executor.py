"""What ends the executor's thread ends a run, and the thread ends whatever it is about to do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("carla")

import rclpy
from rclpy.context import Context
from rclpy.executors import MultiThreadedExecutor
from rclpy.node import Node
from std_msgs.msg import String

from carla_nurec_bridge.core.errors import DeadlineError, ProtocolError
from carla_nurec_bridge.core.lockstep.words import RunState
from carla_nurec_bridge.core.run_contract.topics import TOPICS
from carla_nurec_bridge.nodes.route_agent import AgentNode
from carla_nurec_bridge.ros.ego.run import EgoRun
from carla_nurec_bridge.ros.lockstep.followed_run import FollowedRun
from carla_nurec_bridge.ros.lockstep.wire import run_message
from carla_nurec_bridge.ros.parameters.agent import AgentParameters
from carla_nurec_bridge.ros.parameters.ego import EgoParameters
from carla_nurec_bridge.ros.publishers.qos import profile
from carla_nurec_bridge.ros.runtime.kept_executor import KeptExecutor
from carla_nurec_bridge.ros.runtime.spinner import Spinner

pytestmark = pytest.mark.ros

_ROW = TOPICS["lockstep_run"]


@pytest.fixture
def node() -> Iterator[Node]:
    context = Context()
    rclpy.init(context=context)
    made = Node("follower", context=context)
    yield made
    made.destroy_node()
    context.try_shutdown()


def test_a_follower_says_why_its_executor_ended(node: Node) -> None:
    publisher = node.create_publisher(String, _ROW.name, profile(_ROW.qos))
    with Spinner(node) as spinner:
        followed = FollowedRun(node, spinner, _ROW.name)
        publisher.publish(String(data="no run state"))
        with pytest.raises(ProtocolError, match="no run state"):
            followed.wait(3600.0)


def test_a_run_that_stands_ends_with_its_executor(node: Node) -> None:
    def fail() -> None:
        raise ProtocolError("a message that is none")

    node.create_timer(0.01, fail)
    nothing: Any = SimpleNamespace(
        clock=lambda _: None, beside=lambda _: None, look=lambda: None, check=lambda: None
    )
    with Spinner(node) as spinner:
        owner = SimpleNamespace(wait_answers=lambda *_, whole: spinner.check())
        parts: Any = SimpleNamespace(
            scene=None, owner=owner, inbox=None, publisher=nothing, readers=nothing
        )
        run = EgoRun(parts, EgoParameters(), "run")
        run._episode = nothing
        run._looked_s = float("inf")  # there is no session to look at
        with pytest.raises(ProtocolError, match="a message that is none"):
            _until(run._stand)


class _Late(KeptExecutor):
    """Stands between looking whether it has ended and waiting for messages, until it is let go."""

    def __init__(self, context: Context) -> None:
        super().__init__(context=context)
        self.stands = threading.Event()
        self.goes_on = threading.Event()

    def get_nodes(self) -> list[Node]:
        nodes = list(super().get_nodes())
        self.stands.set()
        self.goes_on.wait(60.0)
        return nodes


def test_a_thread_that_is_about_to_wait_ends_too(node: Node) -> None:
    executor = _Late(node.context)
    with Spinner(node, executor=executor) as spinner:
        assert executor.stands.wait(60.0)
        threading.Timer(0.3, executor.goes_on.set).start()
        spinner.close()
    assert not spinner._thread.is_alive()


@pytest.mark.parametrize("threads", [1, 2])
def test_a_callback_that_does_not_end_is_told(
    node: Node, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    monkeypatch.setattr("carla_nurec_bridge.ros.runtime.spinner._CLOSE_S", 0.2)
    began, ends = threading.Event(), threading.Event()

    def stay() -> None:
        began.set()
        ends.wait(60.0)

    node.create_timer(0.01, stay)
    executor = MultiThreadedExecutor(2, context=node.context) if threads > 1 else None
    spinner = Spinner(node, executor=executor).__enter__()
    assert began.wait(60.0)
    with pytest.raises(DeadlineError, match="executor of follower does not end"):
        spinner.close()
    ends.set()
    spinner._thread.join(60.0)
    spinner.close()


def test_an_agent_without_a_route_says_why_its_executor_ended(node: Node) -> None:
    row = TOPICS["vehicle_info"]
    run = node.create_publisher(String, _ROW.name, profile(_ROW.qos))
    vehicle = node.create_publisher(String, row.name, profile(row.qos))
    with Spinner(node) as spinner:
        agent = AgentNode(node, spinner, AgentParameters(start_s=60.0))
        run.publish(run_message(RunState("run", "running", "", 0, 1_000_000_000, 50_000_000)))
        _until(lambda: agent._participation.state)
        vehicle.publish(String(data="no vehicle"))
        with pytest.raises(ProtocolError, match="vehicle"):
            agent.work()


def _until(true: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 60.0
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
