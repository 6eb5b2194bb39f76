"""Lock-step between two nodes of one process: readiness, answers, strays and errors."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.context import Context
from rclpy.executors import MultiThreadedExecutor
from rclpy.node import Node

from carla_nurec_bridge.core.errors import ProtocolError, RunError
from carla_nurec_bridge.core.lockstep.patience import Abort, FrameWait, GoOn
from carla_nurec_bridge.core.lockstep.words import Announcement, Declaration, Member, RunState
from carla_nurec_bridge.core.run_contract.topics import TOPICS
from carla_nurec_bridge.ros.lockstep import owner as owner_module
from carla_nurec_bridge.ros.lockstep.barrier import Barrier
from carla_nurec_bridge.ros.lockstep.owner import LockstepOwner
from carla_nurec_bridge.ros.lockstep.participant import Participant
from carla_nurec_bridge.ros.lockstep.wire import run_message, run_state
from carla_nurec_bridge.ros.runtime.spinner import Spinner

pytestmark = pytest.mark.ros

_RUN = RunState("run-1", "running", "", 0, 1_000_000_000, 50_000_000)
_STAMP = 1_050_000_000


class _Pair:
    def __init__(self, context: Context) -> None:
        self.missing: list[str] = ["x is not read"]
        self.owner = Node("owner", context=context)
        self.node = Node("agent", context=context)
        self.barrier = Barrier(self.owner, ["agent"], "run-1")
        self.barrier.listen()
        self.participant = Participant(self.node, lambda: self.missing)

    def start(self) -> None:
        self.missing = []
        _eventually(lambda: not self.barrier.unready())
        self.barrier.say(_RUN)
        self.barrier.open(1, _STAMP)
        _eventually(lambda: self.participant.owes(_STAMP))

    def wait(self, policy: str = "hold", limit_s: float = 60.0, complete=lambda _: True):
        """Wait for the answers to the open frame."""
        return self.barrier.wait(
            lambda roster: FrameWait(roster, policy, frame_s=limit_s, first_frame_s=limit_s),
            complete,
        )


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
    threads = MultiThreadedExecutor(2, context=context)
    try:
        with Spinner(made.owner, made.node, executor=threads):
            yield made
    finally:
        made.owner.destroy_node()
        made.node.destroy_node()
        context.try_shutdown()


def test_what_is_missing_at_the_start_is_named(pair: _Pair) -> None:
    assert pair.barrier.unready() == ["agent has not been heard of"]
    _eventually(lambda: pair.barrier.unready() == ["agent waits: x is not read"])
    pair.missing = []
    _eventually(lambda: not pair.barrier.unready())


def test_nobody_takes_part_whom_one_that_hears_all_has_not_heard(pair: _Pair) -> None:
    listener = Participant(pair.node, list, hears_all=True)
    listener._attendance.of = replace(listener._attendance.of, name="listener")
    pair.missing = []
    _eventually(lambda: pair.barrier.unready() == ["listener does not hear agent yet"])
    pair.barrier.say(_RUN)
    pair.barrier.open(0, _RUN.t0_ns)  # the required are not kept waiting for ever
    late = Participant(pair.node, list)
    late._attendance.of = replace(late._attendance.of, name="late")
    _eventually(lambda: "late" in pair.barrier.reads())
    pair.barrier.open(1, _STAMP)
    assert [member.of.name for member in pair.barrier.members] == ["agent", "listener"]
    listener.heard(late._attendance.of)
    frames = iter(range(2, 1000))
    _eventually(lambda: len(_opened(pair.barrier, next(frames))) == 3)


def _opened(barrier: Barrier, frame: int) -> tuple[Member, ...]:
    barrier.open(frame, _STAMP + frame * _RUN.dt_ns)
    return barrier.members


def test_an_answer_lets_the_frame_go_on(pair: _Pair) -> None:
    pair.start()
    pair.participant.answer(_STAMP, {"command/ackermann": 1})
    seen = []
    assert pair.wait(complete=lambda answers: seen.append(answers["agent"]) or True) == GoOn()
    assert seen[0].ok
    assert seen[0].counts == {"command/ackermann": 1}


def test_the_late_are_named_and_their_late_answer_is_a_stray(pair: _Pair) -> None:
    pair.start()
    assert pair.wait(limit_s=0.1) == GoOn(late=("agent",))
    pair.participant.answer(_STAMP, {})
    _eventually(lambda: pair.barrier.stray >= 1)
    # It must not release the next frame either.
    pair.barrier.open(2, _STAMP + _RUN.dt_ns)
    assert pair.wait(limit_s=0.1) == GoOn(late=("agent",))


def test_an_error_ends_the_wait_at_once_where_it_ends_the_run(pair: _Pair) -> None:
    pair.start()
    pair.participant.answer(_STAMP, {}, "NuRec is gone")
    # Longer than a test may take: it passes only if the wait ends before its deadline.
    ended = pair.wait("abort", 3600.0)
    assert isinstance(ended, Abort)
    assert ended.failed.message == "NuRec is gone"


def test_an_announced_command_is_waited_for(pair: _Pair) -> None:
    pair.start()
    arrived = threading.Event()
    pair.participant.answer(_STAMP, {"command/ackermann": 1})
    timer = threading.Timer(0.3, lambda: (arrived.set(), pair.barrier.notify()))
    timer.start()
    assert pair.wait(complete=lambda _: arrived.is_set()) == GoOn()
    timer.join()


def test_who_leaves_is_no_longer_waited_for(pair: _Pair) -> None:
    pair.start()
    threading.Timer(0.2, pair.participant.leave).start()
    assert pair.wait("abort", 3600.0) == GoOn()
    assert pair.participant.over
    assert pair.barrier.members == ()
    assert pair.barrier.news()[-1] == "agent has left at frame 1"


def test_farewells_are_said_at_the_end_of_a_run_too(pair: _Pair) -> None:
    pair.start()
    pair.barrier.say(replace(_RUN, state="finished"))
    _eventually(lambda: pair.participant.over)
    assert pair.barrier.left == frozenset()
    pair.participant.leave()
    _eventually(lambda: pair.barrier.left == {"agent"})


def test_one_joins_a_run_that_goes_on_with_its_own_period_and_deadline(pair: _Pair) -> None:
    pair.start()
    second = Participant(pair.node, list, period_frames=2, deadline_s=0.2, reads=("odometry",))
    second._attendance.of = replace(second._attendance.of, name="second")
    _eventually(lambda: "second" in pair.barrier.reads())
    assert pair.barrier.reads()["second"] == ("odometry",)
    stamp_ns = _STAMP + _RUN.dt_ns
    pair.barrier.open(2, stamp_ns)
    _eventually(lambda: second.owes(stamp_ns))
    assert second.owes(stamp_ns + _RUN.dt_ns) is False
    assert second.owes(_STAMP) is False
    pair.participant.answer(stamp_ns, {})
    # An hour for everybody else; the first frames of a member take as long as those of a run.
    ended = pair.barrier.wait(
        lambda roster: FrameWait(roster, "abort", frame_s=3600.0, first_frame_s=0.0),
        lambda _: True,
    )
    assert ended == Abort(2, late=("second",), limit_s=0.2)


def test_a_participant_hears_the_end(pair: _Pair) -> None:
    pair.start()
    assert not pair.participant.over
    pair.barrier.say(RunState("run-1", "finished", "", 9, _RUN.t0_ns, _RUN.dt_ns))
    _eventually(lambda: pair.participant.over)
    assert pair.participant.state is not None
    assert pair.participant.state.frames == 9


def test_who_is_admitted_says_no_more_of_itself_until_another_run(pair: _Pair) -> None:
    pair.start()
    timer = pair.participant._timer
    _eventually(timer.is_canceled)
    pair.participant._on_run(run_message(replace(_RUN, run_id="run-2", members=())))
    assert not timer.is_canceled()
    heard = []
    profile = pair.participant._done.qos_profile
    name = TOPICS["lockstep_done"].name
    pair.owner.create_subscription(DiagnosticArray, name, heard.append, profile)
    _eventually(lambda: heard)


def test_a_member_that_has_not_heard_that_it_is_one_is_told_again(pair: _Pair) -> None:
    pair.start()
    pair.participant._attendance.state = pair.participant._attendance.first_frame = None
    pair.participant._timer.reset()  # it goes on announcing itself
    _eventually(lambda: pair.participant.owes(_STAMP))
    pair.participant.answer(_STAMP, {})
    assert pair.wait() == GoOn()


def test_what_ends_the_executor_ends_the_wait_for_answers(pair: _Pair) -> None:
    pair.start()
    failed = threading.Event()
    threading.Timer(0.3, failed.set).start()

    def check() -> None:
        if failed.is_set():
            raise RunError("a callback failed")

    rule = partial(FrameWait, policy="abort", frame_s=3600.0, first_frame_s=3600.0)
    with pytest.raises(RunError, match="a callback failed"):
        pair.barrier.wait(rule, lambda _: True, check=check)


@pytest.fixture
def owner(pair: _Pair) -> LockstepOwner:
    """An owner whose frame an agent owes an answer, and whose executor does nothing."""
    settings = {"participants": ("agent",), "lockstep": True, "policy": "wait"}
    limits = {"frame_s": 3600.0, "first_frame_s": 3600.0}
    spinner: Any = SimpleNamespace(check=lambda: None, rounds=7)
    parameters: Any = SimpleNamespace(**settings, **limits)
    made = LockstepOwner(pair.owner, spinner, parameters, "run-1")
    made._barrier._roster.hear(Announcement(Declaration("agent", "1"), ""))
    made.open(0, _RUN.t0_ns)
    return made


def test_what_keeps_an_owner_from_publishing_ends_its_wait(owner: LockstepOwner) -> None:
    def check_sent() -> None:
        raise RunError("publishing of states has stood still")

    with pytest.raises(RunError, match="publishing of states has stood still"):
        owner.wait_answers(SimpleNamespace(), lambda _: None, check_sent)  # type: ignore[arg-type]


def test_an_owner_that_hears_nobody_blames_itself(
    owner: LockstepOwner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner_module, "_DEAF_S", 0.0)
    with pytest.raises(RunError, match="carla_ego itself has heard nobody") as raised:
        owner.wait_answers(SimpleNamespace(), lambda _: None, lambda: None)  # type: ignore[arg-type]
    assert "agent" not in str(raised.value)


def test_a_word_that_comes_while_a_participant_is_made_is_kept() -> None:
    """The executor runs already: a latched message may come before the constructor is done."""

    class Prompt(Node):
        def create_subscription(self, kind, topic, callback, *args, **kwargs):
            made = super().create_subscription(kind, topic, callback, *args, **kwargs)
            if topic == TOPICS["lockstep_run"].name:
                callback(run_message(_RUN))
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
        run_state(String(data="{}"))


def test_what_no_participant_sends_is_a_stray_and_ends_nothing(pair: _Pair) -> None:
    pair.start()
    stranger = pair.node.create_publisher(DiagnosticArray, "lockstep/done", 10)
    _eventually(lambda: stranger.get_subscription_count() == 1)
    odd = KeyValue(key="odometry", value="many")
    for status in ([], [DiagnosticStatus(name="agent", values=[odd])]):
        stranger.publish(DiagnosticArray(status=status))
    _eventually(lambda: pair.barrier.stray == 2)
    pair.participant.answer(_STAMP, {})
    assert pair.wait("abort", 60.0) == GoOn()
