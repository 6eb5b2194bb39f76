"""The executor that keeps its wait set: the same calls as rclpy's, whichever way it goes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.task import Future
from std_msgs.msg import String
from std_srvs.srv import Trigger

try:
    from rclpy.event_handler import SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import SubscriptionEventCallbacks

from carla_nurec_bridge.ros.runtime import kept_executor
from carla_nurec_bridge.ros.runtime.kept_executor import KeptExecutor

LIMIT_S = 120.0


@pytest.fixture
def context() -> Iterator[Context]:
    context = Context()
    rclpy.init(context=context)
    yield context
    rclpy.try_shutdown(context=context)


@pytest.fixture
def node(context: Context) -> Iterator[Node]:
    node = Node("heard", context=context)
    yield node
    node.destroy_node()


@pytest.fixture(params=["kept", "rclpy's own"])
def executor(
    request: pytest.FixtureRequest, node: Node, monkeypatch: pytest.MonkeyPatch
) -> Iterator[KeptExecutor]:
    """An executor of ``node``, in rclpy as it is known and in one that is not."""
    if request.param != "kept":
        monkeypatch.setattr(kept_executor, "_WAIT_SET", ("no_method_of_rclpy",))
    executor = KeptExecutor(context=node.context)
    executor.add_node(node)
    yield executor
    executor.shutdown()


def _spin(executor: KeptExecutor, done: Callable[[], object]) -> None:
    deadline_s = time.monotonic() + LIMIT_S
    while not done():
        executor.spin_once(0.1)
        assert time.monotonic() < deadline_s


def test_every_message_is_heard_once_and_in_order(node: Node, executor: KeptExecutor) -> None:
    heard: list[str] = []
    qos = QoSProfile(depth=50)
    publisher = node.create_publisher(String, "words", qos)
    node.create_subscription(String, "words", lambda word: heard.append(word.data), qos)
    _spin(executor, publisher.get_subscription_count)
    words = [str(number) for number in range(20)]
    for word in words:
        publisher.publish(String(data=word))
    _spin(executor, lambda: len(heard) >= len(words))
    executor.spin_once(0.0)
    assert heard == words


def test_raw_messages_are_bytes(node: Node, executor: KeptExecutor) -> None:
    heard: list[bytes] = []
    publisher = node.create_publisher(String, "words", 10)
    node.create_subscription(String, "words", heard.append, 10, raw=True)
    _spin(executor, publisher.get_subscription_count)
    publisher.publish(String(data="word"))
    _spin(executor, lambda: heard)
    assert heard[0].endswith(b"\x05\x00\x00\x00word\x00")


def test_services_clients_and_timers_are_called(node: Node, executor: KeptExecutor) -> None:
    def answer(_: Any, response: Any) -> Any:
        response.message = "asked"
        return response

    ticks: list[int] = []
    node.create_service(Trigger, "ask", answer)
    client = node.create_client(Trigger, "ask")
    node.create_timer(0.02, lambda: ticks.append(1))
    _spin(executor, client.service_is_ready)
    future = client.call_async(Trigger.Request())
    _spin(executor, future.done)
    assert future.result().message == "asked"
    _spin(executor, lambda: len(ticks) >= 3)


def test_what_comes_and_goes_while_it_waits(node: Node, executor: KeptExecutor) -> None:
    heard: list[str] = []
    publisher = node.create_publisher(String, "words", 10)
    over = threading.Event()
    thread = threading.Thread(target=lambda: _spin(executor, over.is_set), daemon=True)
    thread.start()
    try:
        for name in ("first", "second"):
            subscription = node.create_subscription(
                String, "words", lambda word, name=name: heard.append(name + word.data), 10
            )
            deadline_s = time.monotonic() + LIMIT_S
            while f"{name}!" not in heard:
                publisher.publish(String(data="!"))
                time.sleep(0.02)
                assert time.monotonic() < deadline_s
            node.destroy_subscription(subscription)
    finally:
        over.set()
        thread.join(LIMIT_S)
    heard.clear()
    publisher.publish(String(data="!"))
    executor.spin_once(0.1)
    assert not heard


def test_a_task_wakes_it(executor: KeptExecutor) -> None:
    done = threading.Event()
    thread = threading.Thread(target=lambda: _spin(executor, done.is_set), daemon=True)
    thread.start()
    executor.create_task(done.set)
    assert done.wait(LIMIT_S)
    thread.join(LIMIT_S)


def test_what_a_callback_raises_ends_the_spin(node: Node, executor: KeptExecutor) -> None:
    def fail(_: String) -> None:
        raise ValueError("no word")

    publisher = node.create_publisher(String, "words", 10)
    node.create_subscription(String, "words", fail, 10)
    _spin(executor, publisher.get_subscription_count)
    publisher.publish(String(data="word"))
    with pytest.raises(ValueError, match="no word"):
        _spin(executor, lambda: False)


def test_events_of_quality_of_service_are_told(node: Node, executor: KeptExecutor) -> None:
    events = SubscriptionEventCallbacks(
        incompatible_qos=lambda event: found.append(event.total_count)
    )
    found: list[int] = []
    reliable = QoSProfile(depth=1)
    lossy = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
    node.create_subscription(String, "words", found.append, reliable, event_callbacks=events)
    node.create_publisher(String, "words", lossy)
    _spin(executor, lambda: found)


def test_a_coroutine_goes_on_when_what_it_waits_for_is_there(
    node: Node, executor: KeptExecutor
) -> None:
    came: Future[str] = Future(executor=executor)
    heard: list[str] = []

    async def hear(word: String) -> None:
        heard.append(word.data)
        heard.append(await came)

    publisher = node.create_publisher(String, "words", 10)
    node.create_subscription(String, "words", hear, 10)
    _spin(executor, publisher.get_subscription_count)
    publisher.publish(String(data="word"))
    _spin(executor, lambda: heard)
    executor.spin_once(0.0)
    assert heard == ["word"]
    came.set_result("and more")
    _spin(executor, lambda: len(heard) > 1)
    publisher.publish(String(data="word"))
    _spin(executor, lambda: len(heard) > 3)
    assert heard == ["word", "and more"] * 2


def test_the_end_of_its_context_ends_the_wait(context: Context, executor: KeptExecutor) -> None:
    ended: list[type[BaseException]] = []

    def spin() -> None:
        try:
            while True:
                executor.spin_once()
        except ExternalShutdownException as error:
            ended.append(type(error))

    thread = threading.Thread(target=spin, daemon=True)
    thread.start()
    time.sleep(0.1)
    context.shutdown()
    thread.join(LIMIT_S)
    assert ended == [ExternalShutdownException]


def test_messages_do_not_go_through_rclpys_tasks(node: Node) -> None:
    """What the executor is for: without it the test would count each message."""
    executor = KeptExecutor(context=node.context)
    executor.add_node(node)
    heard: list[str] = []
    publisher = node.create_publisher(String, "words", 10)
    node.create_subscription(String, "words", lambda word: heard.append(word.data), 10)
    _spin(executor, publisher.get_subscription_count)
    executor.spin_once(0.0)
    rests: list[int] = []
    rest = executor._do_rest
    executor._do_rest = lambda: (rests.append(1), rest())[1]  # type: ignore[method-assign]
    for number in range(10):
        publisher.publish(String(data=str(number)))
        _spin(executor, lambda number=number: len(heard) > number)
    executor.shutdown()
    assert len(rests) <= 3  # one in some seconds
