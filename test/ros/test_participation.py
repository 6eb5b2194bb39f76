"""Who is interrupted in a run leaves what is known of it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import rclpy
from nav_msgs.msg import Odometry
from rclpy.context import Context
from rclpy.node import Node

from carla_nurec_bridge.core.lockstep.words import RunState
from carla_nurec_bridge.core.run_contract.run_summary import NodeSummary
from carla_nurec_bridge.ros.lockstep import standstill
from carla_nurec_bridge.ros.lockstep.participation import Participation
from carla_nurec_bridge.ros.lockstep.protocol import Participant
from carla_nurec_bridge.ros.messages.convert import header
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


def test_what_a_participant_stands_still_for_is_told_ever_rarer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings: Any = SimpleNamespace(lockstep=True, start_s=240.0, run_dir="")
    context = Context()
    rclpy.init(context=context)
    node, told = Node("mine", context=context), []
    try:
        with Spinner(node) as spinner:
            part = Participation(node, spinner, settings, keys=("odometry", "objects"))
            part._participant._attendance.hear(RunState("r", "running", "", 0, 10**9, 50_000_000))
            part.joiner.hear("odometry", Odometry(header=header(10**9 + 100_000_000, "map")))
            watched: Any = SimpleNamespace(
                get_logger=lambda: SimpleNamespace(warning=told.append),
                create_timer=lambda *_, **__: None,
            )
            now_s = iter(range(0, 105, 5))
            steady = SimpleNamespace(monotonic=lambda: next(now_s))
            monkeypatch.setattr(standstill, "time", steady)
            watch = standstill.Standstill(watched, part._stands)
            for _ in range(9):
                watch.look()
            part.joiner.add("objects", 10**9 + 100_000_000, "the rest")
            for _ in range(9):
                watch.look()
    finally:
        node.destroy_node()
        context.try_shutdown()
    assert told == [f"frame 2 waits for objects for {s} s" for s in (5, 10, 20, 40)]
