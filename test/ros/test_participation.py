"""Who is interrupted in a run leaves what is known of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import rclpy
from rclpy.context import Context
from rclpy.node import Node

from carla_nurec_bridge.core.lockstep.stall import Stall
from carla_nurec_bridge.core.lockstep.words import Member, RunState
from carla_nurec_bridge.core.run_contract.run_summary import NodeSummary
from carla_nurec_bridge.ros.lockstep.participant import Participant
from carla_nurec_bridge.ros.lockstep.participation import Participation
from carla_nurec_bridge.ros.runtime.spinner import Spinner

pytestmark = pytest.mark.ros


def test_who_cannot_tell_a_summary_has_left_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    settings: Any = SimpleNamespace(lockstep=True, start_s=240.0, run_dir="")
    done: list[str] = []
    context = Context()
    rclpy.init(context=context)
    node = Node("mine", context=context)

    def summary() -> NodeSummary:
        done.append("asked for a summary")
        raise OSError("disk full")

    monkeypatch.setattr(Participant, "leave", lambda _: done.append("left"))
    try:
        with Spinner(node) as spinner:
            part = Participation(node, spinner, settings, keys=("odometry",))
            with pytest.raises(OSError, match="disk full"), part.taking_part("mine", summary):
                raise KeyboardInterrupt
    finally:
        node.destroy_node()
        context.try_shutdown()
    assert done == ["left", "asked for a summary"]


@pytest.mark.parametrize(("error", "left"), [(KeyboardInterrupt, True), (ValueError, False)])
def test_a_summary_is_left_where_a_person_ends_the_run(
    tmp_path: Path, error: type[BaseException], left: bool
) -> None:
    settings: Any = SimpleNamespace(lockstep=True, start_s=240.0, run_dir=str(tmp_path))
    context = Context()
    rclpy.init(context=context)
    node = Node("mine", context=context)
    try:
        with Spinner(node) as spinner:
            part = Participation(node, spinner, settings, keys=("odometry",))
            counts: dict[str, int] = {}

            def work() -> None:
                with part.taking_part("mine", lambda: NodeSummary(counts=counts, timings={})):
                    counts["/plan"] = 3
                    raise error

            with pytest.raises(error):
                work()
    finally:
        node.destroy_node()
        context.try_shutdown()
    summary = tmp_path / "parts" / "mine.json"
    assert summary.exists() is left
    if left:
        assert json.loads(summary.read_text())["counts"] == {"/plan": 3}


class Taking:
    """A participant that hears of frames what a test says."""

    def __init__(self, spinner: Spinner, node: Node) -> None:
        settings: Any = SimpleNamespace(lockstep=True, start_s=240.0, run_dir="")
        self.part = Participation(node, spinner, settings, keys=("odometry", "objects"))
        self.attendance = self.part._participant._attendance

    def hear(self, frame: int, *keys: str) -> None:
        for key in keys:
            self.part.joiner.add(key, 10**9 + frame * 50_000_000, f"{key} of frame {frame}")

    def admit(self, run: RunState, frame: int) -> None:
        self.attendance.hear(replace(run, members=(Member(self.attendance.of, frame),)))


@pytest.fixture
def taking() -> Iterator[Taking]:
    context = Context()
    rclpy.init(context=context)
    node = Node("mine", context=context)
    try:
        with Spinner(node) as spinner:
            made = Taking(spinner, node)
            yield made
            made.part._standstill.close()
    finally:
        node.destroy_node()
        context.try_shutdown()


RUN = RunState("r", "running", "", 0, 10**9, 50_000_000)


def test_a_participant_knows_what_it_waits_for_before_its_first_frame(taking: Taking) -> None:
    part = taking.part
    assert part._stands() == ""  # a run may begin much later
    taking.attendance.hear(RUN)
    assert part._stands() == ""  # and be paused before anybody takes part
    taking.admit(replace(RUN, number=1), 0)
    assert part._stands() == "it takes part from frame 0 on, of which nothing has come,"
    taking.hear(0, "odometry", "objects")
    assert part._stands() == "frame 0 has come, and the node is not ready for it,"
    frame = next(part.turns())
    assert frame is not None
    assert part._stands() == "at work on frame 0"


def test_a_participant_knows_what_the_next_frame_lacks(taking: Taking) -> None:
    part = taking.part
    taking.attendance.hear(RUN)
    taking.hear(2, "odometry")
    assert part._stands() == "frame 2 waits for objects"
    taking.hear(3, "odometry", "objects")
    part.joiner.next(0.0)
    assert part._stands() == ""  # what frame 2 lacked is lost, and nobody waits for it
    taking.attendance.hear(replace(RUN, number=1, state="finished"))
    taking.hear(4, "objects")
    assert part._stands() == ""


def test_a_participant_knows_that_its_executor_does_not_come_round(taking: Taking) -> None:
    part = taking.part
    part._stall = Stall(0.0, iter([0.0, 1.0, 2.0]).__next__)
    part._spinner = SimpleNamespace(rounds=7, runs=True)  # type: ignore[assignment]
    assert part._stands() == ""
    assert part._stands() == "the executor is at one callback, or in the middleware,"


def test_a_participant_that_has_left_looks_no_more(taking: Taking) -> None:
    taking.part.leave("mine", NodeSummary(counts={}, timings={}))
    assert not taking.part._standstill._thread.is_alive()
