"""How a recorder ends: one thread at a time, all of it in time, and every failure told."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rclpy
from rclpy.context import Context
from rclpy.node import Node

from carla_nurec_bridge.core.errors import RunError
from carla_nurec_bridge.core.lockstep.words import RunState
from carla_nurec_bridge.core.run_contract.streams import RECORDER
from carla_nurec_bridge.nodes import cosmos_recorder
from carla_nurec_bridge.nodes.cosmos_recorder import CosmosRecorder
from carla_nurec_bridge.recording import (
    AssembledFrame,
    BagReader,
    BagWriter,
    Message,
    RecordingSession,
)
from carla_nurec_bridge.recording import session as session_module
from carla_nurec_bridge.ros.lockstep.participation import Participation
from carla_nurec_bridge.ros.parameters.recorder import RecorderParameters
from carla_nurec_bridge.ros.recorder import controls as controls_module
from carla_nurec_bridge.ros.recorder import frame_writer
from carla_nurec_bridge.ros.recorder.control_process import ControlProcess
from carla_nurec_bridge.ros.recorder.controls import ControlRecorder
from carla_nurec_bridge.ros.recorder.topics import RecordedTopics
from carla_nurec_bridge.ros.runtime.spinner import Spinner
from carla_nurec_bridge.runs.graph.process import RECORDER_CLOSING_S

pytestmark = pytest.mark.ros


@pytest.fixture
def process() -> Iterator[ControlProcess]:
    with ControlProcess() as made:
        yield made


@pytest.fixture
def node() -> Iterator[Node]:
    context = Context()
    rclpy.init(context=context)
    made = Node(RECORDER, context=context)
    yield made
    made.destroy_node()
    context.try_shutdown()


def test_two_parts_that_fail_are_both_told_and_the_summary_is_left(
    node: Node, process: ControlProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []

    def fail(part: str, why: str) -> None:
        closed.append(part)
        raise OSError(why)

    recorder = CosmosRecorder(
        node, Spinner(node), RecorderParameters(run_dir=str(tmp_path)), process
    )
    monkeypatch.setattr(RecordingSession, "close", lambda _: fail("bag", "disk full"))
    monkeypatch.setattr(ControlRecorder, "close", lambda _: fail("videos", "the encoder died"))
    with pytest.raises(RunError) as raised:
        recorder.close()
    assert closed == ["bag", "videos"]
    assert "the bag (disk full)" in str(raised.value)
    assert "the control videos (the encoder died)" in str(raised.value)
    assert json.loads((tmp_path / "parts" / f"{RECORDER}.json").read_text())["state"] is None
    recorder.close()
    assert closed == ["bag", "videos"], "a second close does nothing"


FULL = "cannot write the bag: No space left on device"


def refuse(*_: Any) -> None:
    raise RunError(FULL)


class Stuck:
    """A call that does not end before ``free``, and who was in it."""

    def __init__(self) -> None:
        self.free, self.entered = threading.Event(), threading.Event()
        self.threads: set[str] = set()

    def __call__(self, *_: Any) -> None:
        self.threads.add(threading.current_thread().name)
        self.entered.set()
        assert self.free.wait(60.0)


def bring(node: Node, monkeypatch: pytest.MonkeyPatch, frames: int) -> None:
    """Have the recorder take whole frames of one clock message each, as its executor would."""
    (clock,) = (s for s in node.subscriptions if s.topic_name == "/clock")
    for number in range(frames):
        message = Message(0, number, bytes((0, 1, 0, 0, number, 0, 0, 0, 0, 0, 0, 0)))
        whole = [AssembledFrame(number, number, (message,))]
        monkeypatch.setattr(RecordingSession, "take", lambda *_, whole=whole: whole)
        clock.callback(message.data)


def started(
    node: Node, process: ControlProcess, run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> CosmosRecorder:
    """Return a recorder that closes with next to no patience."""
    for module, name in (
        (frame_writer, "WRITE_S"),
        (frame_writer, "UNDER_WAY_S"),
        (session_module, "WRITE_UNDER_WAY_S"),
    ):
        monkeypatch.setattr(module, name, 0.01)
    return CosmosRecorder(node, Spinner(node), RecorderParameters(run_dir=str(run_dir)), process)


def test_a_bag_that_is_being_written_to_is_not_closed_under_its_writer(
    node: Node, process: ControlProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = Stuck()
    closed: list[str] = []
    recorder = started(node, process, tmp_path, monkeypatch)
    monkeypatch.setattr(BagWriter, "write", stuck)
    monkeypatch.setattr(BagWriter, "close", lambda _: closed.append("bag"))
    monkeypatch.setattr(ControlRecorder, "close", lambda _: closed.append("videos"))
    bring(node, monkeypatch, 3)
    assert stuck.entered.wait(60.0)
    with pytest.raises(RunError) as raised:
        recorder.close()
    assert "3 of them were not written" in str(raised.value)
    assert "bag_0.mcap is still being written to" in str(raised.value)
    assert closed == [], "whoever is in them has them"
    stuck.free.set()
    assert recorder._writer.lane.wait_ended(60.0)
    assert stuck.threads == {"writing of frames"}


def test_a_bag_is_ended_while_an_encoder_does_not(
    node: Node, process: ControlProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = Stuck()
    closed: list[str] = []
    recorder = started(node, process, tmp_path, monkeypatch)
    monkeypatch.setattr(ControlRecorder, "add", stuck)
    monkeypatch.setattr(ControlRecorder, "close", lambda _: closed.append("videos"))
    bring(node, monkeypatch, 2)
    assert stuck.entered.wait(60.0)
    with pytest.raises(RunError, match="the control videos .a frame is still being encoded"):
        recorder.close()
    assert closed == []
    with BagReader(tmp_path / "bag") as bag:
        assert bag.tallies()["/clock"].messages == 1
    stuck.free.set()
    assert recorder._writer.lane.wait_ended(60.0)


def test_a_callback_that_waits_for_room_does_not_hold_up_the_end(
    node: Node, process: ControlProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame_writer, "_MOST_UNWRITTEN_BYTES", 20)  # one clock message
    stuck = Stuck()
    recorder = started(node, process, tmp_path, monkeypatch)
    monkeypatch.setattr(ControlRecorder, "add", stuck)
    callback = threading.Thread(target=bring, args=(node, monkeypatch, 2))
    callback.start()
    while recorder._writer.lane.waits == 0:
        assert callback.is_alive()
        callback.join(0.01)
    recorder.stop_taking()
    callback.join(60.0)
    assert not callback.is_alive()
    assert recorder._writer.lane.undone == 2, "what waited is not lost"
    stuck.free.set()
    monkeypatch.setattr(frame_writer, "WRITE_S", 60.0)
    recorder.close()
    with BagReader(tmp_path / "bag") as bag:
        assert bag.tallies()["/clock"].messages == 2


def test_what_the_writer_could_not_write_is_told_at_once_and_of_no_topic(
    node: Node, process: ControlProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Any] = []
    running = RunState("run 1", "running", "", 0, 0, 1)
    monkeypatch.setattr(Participation, "state", running)
    monkeypatch.setattr(Participation, "wait_begin", lambda *_, **__: running)
    monkeypatch.setattr(Participation, "turns", lambda _: iter((None, None)))
    monkeypatch.setattr(Participation, "answer", lambda _, *given: answers.append(given))
    monkeypatch.setattr(frame_writer, "_TELL_S", 0.0)
    monkeypatch.setattr(BagWriter, "write", refuse)
    recorder = started(node, process, tmp_path, monkeypatch)
    bring(node, monkeypatch, 1)
    assert recorder._writer.lane.wait_ended(60.0)
    with pytest.raises(RunError, match=FULL):
        recorder.work()  # no message comes any more, and yet
    monkeypatch.setattr(RecordingSession, "delivered", lambda _: [(7, {"/clock": 1})])
    bring(node, monkeypatch, 1)
    assert answers == [(7, {}, FULL)], "the frame that the owner waits for"
    with pytest.raises(RunError, match=f"the frames to be written .{FULL}"):
        recorder.close()


def test_a_signal_while_it_is_made_leaves_a_whole_bag(
    node: Node, process: ControlProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe = RecordedTopics.subscribe

    def interrupted(*given: Any) -> None:
        assert (tmp_path / "bag").exists()
        signal.raise_signal(signal.SIGINT)
        subscribe(*given)

    monkeypatch.setattr(RecordedTopics, "subscribe", interrupted)
    parameters = RecorderParameters(run_dir=str(tmp_path))
    monkeypatch.setattr(cosmos_recorder, "load", lambda *_: parameters)
    with pytest.raises(KeyboardInterrupt):
        cosmos_recorder._work(process, node, Spinner(node))
    with BagReader(tmp_path / "bag") as bag:
        assert list(bag.messages()) == []


def test_all_of_closing_takes_less_than_a_supervisor_gives() -> None:
    parts_s = (
        frame_writer.WRITE_S,
        session_module.WRITE_UNDER_WAY_S,
        frame_writer.UNDER_WAY_S,
        controls_module.ENCODE_S,
    )
    assert sum(parts_s) + 5.0 < RECORDER_CLOSING_S  # the rest: index, summary, ROS
