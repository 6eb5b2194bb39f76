"""Lock-step between two nodes of one process: readiness, answers, strays and errors."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.context import Context
from rclpy.executors import MultiThreadedExecutor
from rclpy.node import Node

from carla_nurec_bridge.core.errors import ProtocolError
from carla_nurec_bridge.core.run_contract.topics import TOPICS
from carla_nurec_bridge.ros.lockstep.protocol import Barrier, Participant, RunState

pytestmark = pytest.mark.ros

_RUN = RunState("run-1", "running", "", 0, 1_000_000_000, 50_000_000)
_STAMP = 1_050_000_000


class _Pair:
    def __init__(self, context: Context) -> None:
        self.missing: list[str] = ["x is not read"]
        self.owner = Node("owner", context=context)
        self.node = Node("agent", context=context)
        self.barrier = Barrier(self.owner, ["agent"], "run-1")
        self.participant = Participant(self.node, lambda: self.missing)

    def start(self) -> None:
        self.missing = []
        _eventually(lambda: not self.barrier.unready())
        self.barrier.say(_RUN)
        _eventually(lambda: self.participant.state == _RUN)


def _eventually(condition, limit_s: float = 60.0) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def pair() -> Iterator[_Pair]:
    context = Context()
    rclpy.init(context=context)
    made = _Pair(context)
    executor = MultiThreadedExecutor(2, context=context)
    executor.add_node(made.owner)
    executor.add_node(made.node)
    thread = threading.Thread(target=executor.spin)
    thread.start()
    try:
        yield made
    finally:
        executor.shutdown()
        thread.join()
        made.owner.destroy_node()
        made.node.destroy_node()
        context.try_shutdown()


def test_what_is_missing_at_the_start_is_named(pair: _Pair) -> None:
    assert pair.barrier.unready() == ["agent has not been heard of"]
    _eventually(lambda: pair.barrier.unready() == ["agent waits: x is not read"])
    pair.missing = []
    _eventually(lambda: not pair.barrier.unready())


def test_an_answer_lets_the_frame_go_on(pair: _Pair) -> None:
    pair.start()
    pair.participant.answer(_STAMP, {"command/ackermann": 1})
    answers, late = pair.barrier.wait(_STAMP, 60.0, lambda _: True)
    assert late == []
    assert answers["agent"].ok
    assert answers["agent"].counts == {"command/ackermann": 1}


def test_the_late_are_named_and_their_late_answer_is_a_stray(pair: _Pair) -> None:
    pair.start()
    answers, late = pair.barrier.wait(_STAMP, 0.1, lambda _: True)
    assert (answers, late) == ({}, ["agent"])
    pair.barrier.forget(_STAMP)
    pair.participant.answer(_STAMP, {})
    _eventually(lambda: pair.barrier.stray == 1)
    # It must not release the next frame either.
    assert pair.barrier.wait(_STAMP + _RUN.dt_ns, 0.1, lambda _: True)[1] == ["agent"]


def test_an_error_ends_the_wait_at_once(pair: _Pair) -> None:
    pair.start()
    pair.participant.answer(_STAMP, {}, "NuRec is gone")
    # Longer than a test may take: it passes only if the wait ends before its deadline.
    answers, _ = pair.barrier.wait(_STAMP, 3600.0, lambda _: True)
    assert not answers["agent"].ok
    assert answers["agent"].message == "NuRec is gone"


def test_an_announced_command_is_waited_for(pair: _Pair) -> None:
    pair.start()
    arrived = threading.Event()
    pair.participant.answer(_STAMP, {"command/ackermann": 1})
    timer = threading.Timer(0.3, lambda: (arrived.set(), pair.barrier.notify()))
    timer.start()
    _, late = pair.barrier.wait(_STAMP, 60.0, lambda _: arrived.is_set())
    timer.join()
    assert late == []
    assert arrived.is_set()


def test_a_participant_hears_the_end(pair: _Pair) -> None:
    pair.start()
    assert not pair.participant.over
    pair.barrier.say(RunState("run-1", "finished", "", 9, _RUN.t0_ns, _RUN.dt_ns))
    _eventually(lambda: pair.participant.over)
    assert pair.participant.state is not None
    assert pair.participant.state.frames == 9


def test_a_word_that_comes_while_a_participant_is_made_is_kept() -> None:
    """The executor runs already: a latched message may come before the constructor is done."""

    class Prompt(Node):
        def create_subscription(self, kind, topic, callback, *args, **kwargs):
            made = super().create_subscription(kind, topic, callback, *args, **kwargs)
            if topic == TOPICS["lockstep_run"].name:
                callback(_RUN.message())
            return made

    context = Context()
    rclpy.init(context=context)
    node = Prompt("agent", context=context)
    try:
        assert Participant(node, list).wait_running(0.0) == _RUN
    finally:
        node.destroy_node()
        context.try_shutdown()


def test_a_message_that_is_no_run_state_is_refused() -> None:
    from std_msgs.msg import String

    with pytest.raises(ProtocolError, match="no run state"):
        RunState.parse(String(data="{}"))


def test_what_no_participant_sends_is_a_stray_and_ends_nothing(pair: _Pair) -> None:
    pair.start()
    stranger = pair.node.create_publisher(DiagnosticArray, "lockstep/done", 10)
    _eventually(lambda: stranger.get_subscription_count() == 1)
    odd = KeyValue(key="odometry", value="many")
    for status in ([], [DiagnosticStatus(name="agent", values=[odd])]):
        stranger.publish(DiagnosticArray(status=status))
    _eventually(lambda: pair.barrier.stray == 2)
    pair.participant.answer(_STAMP, {})
    assert pair.barrier.wait(_STAMP, 5.0, lambda _: True)[1] == []
