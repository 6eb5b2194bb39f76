"""Who is interrupted in a run leaves what is known of it."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import rclpy
from rclpy.context import Context
from rclpy.node import Node

from carla_nurec_bridge.core.lockstep.words import RunState
from carla_nurec_bridge.core.run_contract.run_summary import NodeSummary
from carla_nurec_bridge.ros.lockstep import standstill
from carla_nurec_bridge.ros.lockstep.participation import Participation
from carla_nurec_bridge.ros.lockstep.protocol import Participant
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
    told: list[str] = []
    node: Any = SimpleNamespace(
        get_logger=lambda: SimpleNamespace(warning=told.append), create_timer=lambda *_, **__: None
    )
    now_s = iter(range(0, 105, 5))
    monkeypatch.setattr(standstill, "time", SimpleNamespace(monotonic=lambda: next(now_s)))
    stands = ["frame 2 waits for objects"] * 9 + [""] * 9
    watch = standstill.Standstill(node, partial(stands.pop, 0))
    for _ in range(18):
        watch.look()
    assert told == [f"frame 2 waits for objects for {s} s" for s in (5, 10, 20, 40)]


def test_a_participant_knows_what_the_next_frame_lacks() -> None:
    settings: Any = SimpleNamespace(lockstep=True, start_s=240.0, run_dir="")
    context = Context()
    rclpy.init(context=context)
    node = Node("mine", context=context)
    try:
        with Spinner(node) as spinner:
            part = Participation(node, spinner, settings, keys=("odometry", "objects"))
            run = RunState("r", "running", "", 0, 10**9, 50_000_000)
            part._participant._attendance.hear(run)
            assert part._stands() == ""
            part.joiner.add("odometry", 10**9 + 100_000_000, "half of frame 2")
            assert part._stands() == "frame 2 waits for objects"
            for key in ("odometry", "objects"):
                part.joiner.add(key, 10**9 + 150_000_000, "frame 3")
            assert part._stands() == ""  # what frame 2 lacked is lost, and nobody waits for it
            part._participant._attendance.hear(replace(run, number=1, state="finished"))
            part.joiner.add("objects", 10**9 + 200_000_000, "half of frame 4")
            assert part._stands() == ""
    finally:
        node.destroy_node()
        context.try_shutdown()
