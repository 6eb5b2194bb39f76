"""Publishing in a lane of its own: order, bounds, errors, what arrives, and readers that stop."""

from __future__ import annotations

import array
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image

from carla_nurec_bridge.core.errors import DeadlineError, RunError
from carla_nurec_bridge.core.lockstep.stall import Stall
from carla_nurec_bridge.ros.publishers.qos import profile
from carla_nurec_bridge.ros.sending import lane as lane_module
from carla_nurec_bridge.ros.sending import sender as sending
from carla_nurec_bridge.ros.sending.arrival import let_arrive
from carla_nurec_bridge.ros.sending.lane import SendingLane
from carla_nurec_bridge.ros.sending.reader_watch import ReaderWatch
from carla_nurec_bridge.ros.sending.sender import Sender

pytestmark = pytest.mark.ros

_S = 30.0


@pytest.fixture
def lane() -> Iterator[SendingLane]:
    made = SendingLane("publishing", most_bytes=100)
    yield made
    made.close(0.0)


def fail(error: Exception) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


def test_work_is_done_in_order_by_another_thread(lane: SendingLane) -> None:
    done: list[tuple[int, int]] = []
    for number in range(50):
        lane.put(lambda n=number: done.append((n, threading.get_ident())), 10)
    lane.wait_idle(_S)
    assert [n for n, _ in done] == list(range(50))
    assert {thread for _, thread in done} != {threading.get_ident()}


def test_who_brings_more_than_there_is_room_for_waits_and_is_counted(lane: SendingLane) -> None:
    go = threading.Event()
    lane.put(lambda: go.wait(_S) and None, 90)
    threading.Timer(0.05, go.set).start()
    done: list[int] = []
    lane.put(lambda: done.append(1), 20)
    assert go.is_set()
    assert lane.waits == 1
    lane.put(lambda: done.append(2), 1000)  # larger than the queue, alone in it
    lane.wait_idle(_S)
    assert done == [1, 2]


def test_a_lane_that_does_not_go_on_is_an_error(
    lane: SendingLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()
    lane.put(lambda: go.wait(_S) and None, 90)
    monkeypatch.setattr(lane, "_stall", Stall(0.0))
    lane.check_moving()
    monkeypatch.setattr(lane_module, "_WAIT_S", 0.05)
    with pytest.raises(DeadlineError, match="given to publishing was not done in 0.05 s"):
        lane.put(lambda: None, 90)
    with pytest.raises(DeadlineError, match="publishing has stood still for 0.05 s"):
        lane.check_moving()
    go.set()


def test_what_work_raises_is_raised_to_who_brings_more(lane: SendingLane) -> None:
    lane.put(fail(RunError("it cannot be published")))
    with pytest.raises(RunError, match="cannot be published"):
        lane.wait_idle(_S)
    with pytest.raises(RunError, match="cannot be published"):
        lane.put(lambda: None)
    with pytest.raises(RunError, match="cannot be published"):
        lane.check_moving()
    lane.close(_S)
    lane.close(_S)


@pytest.fixture
def context() -> Iterator[Context]:
    made = Context()
    rclpy.init(context=made)
    yield made
    made.try_shutdown()


def until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + _S
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def test_a_sent_message_arrives_as_a_published_one_would(context: Context) -> None:
    node = Node("carla_ego", context=context)
    publisher = node.create_publisher(Image, "picture", profile("sensor"))
    heard: list[Image] = []
    node.create_subscription(Image, "picture", heard.append, profile("sensor"))
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    until(publisher.get_subscription_count, "the reader")
    sent = Image(height=2, width=3, encoding="8UC1", step=3, data=array.array("B", range(6)))
    sent.header.frame_id = "front_optical_frame"
    sent.header.stamp.nanosec = 7
    Sender(publisher).send(sent)
    until(lambda: executor.spin_once(0.1) or heard, "the picture")
    assert heard == [sent]
    executor.shutdown()
    node.destroy_node()


def test_a_message_is_serialised_only_for_who_reads_it_now_or_later(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    serialised = []

    def serialize(message: Image) -> bytes:
        serialised.append(message.header.frame_id)
        return bytes(serialize_message(message))

    monkeypatch.setattr(sending, "serialize_message", serialize)
    node = Node("carla_ego", context=context)
    read = node.create_publisher(Image, "read", profile("sensor"))
    unread = node.create_publisher(Image, "unread", profile("sensor"))
    latched = node.create_publisher(Image, "latched", profile("latched"))
    node.create_subscription(Image, "read", lambda _: None, profile("sensor"))
    until(read.get_subscription_count, "the reader")
    for name, publisher in (("read", read), ("unread", unread), ("latched", latched)):
        message = Image()
        message.header.frame_id = name
        Sender(publisher).send(message)
    assert serialised == ["read", "latched"]
    heard: list[str] = []
    late = profile("latched")
    node.create_subscription(Image, "latched", lambda m: heard.append(m.header.frame_id), late)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    until(lambda: executor.spin_once(0.1) or heard, "the latched message")
    assert heard == ["latched"]
    executor.shutdown()
    node.destroy_node()


READER = """
import sys
import rclpy
from sensor_msgs.msg import Image
from carla_nurec_bridge.ros.publishers.qos import profile
rclpy.init()
node = rclpy.create_node(sys.argv[1], namespace="/other")
node.create_subscription(Image, "/picture", lambda _: None, profile("sensor"))
rclpy.spin(node)
"""


def test_a_reader_that_is_stopped_is_named_and_one_that_runs_is_not(context: Context) -> None:
    node = Node("carla_ego", context=context)
    publisher = node.create_publisher(Image, "picture", profile("sensor"))
    watch = ReaderWatch(node, {"picture": publisher})
    sender, picture = Sender(publisher), Image(data=array.array("B", bytes(100)))
    argv = [sys.executable, "-c", READER]
    readers = [subprocess.Popen([*argv, name]) for name in ("awake", "asleep")]
    try:
        until(lambda: publisher.get_subscription_count() == 2, "both readers")

        def names() -> set[str]:
            infos = node.get_subscriptions_info_by_topic("/picture")
            return {info.node_name for info in infos}

        until(lambda: names() == {"awake", "asleep"}, "their names")

        def look() -> tuple[str, ...]:
            sender.send(picture)
            watch.look()
            return watch.silent

        asleep = readers[1].pid
        os.kill(asleep, signal.SIGSTOP)
        until(look, "the stopped reader")
        assert watch.silent == (f"/other/asleep (process {asleep})",)
        assert not let_arrive([publisher], 0.1)
        os.kill(asleep, signal.SIGCONT)
        until(lambda: not look(), "the reader going on")
        assert let_arrive([publisher], _S)
    finally:
        for reader in readers:
            reader.kill()
            reader.wait()
        node.destroy_node()
