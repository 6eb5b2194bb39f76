"""A bag that cannot be ended keeps neither the videos open nor the summary unwritten."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import rclpy
from rclpy.context import Context
from rclpy.node import Node

from carla_nurec_bridge.core.errors import RunError
from carla_nurec_bridge.core.run_contract.streams import RECORDER
from carla_nurec_bridge.nodes.cosmos_recorder import CosmosRecorder
from carla_nurec_bridge.recording import RecordingSession
from carla_nurec_bridge.ros.parameters.recorder import RecorderParameters
from carla_nurec_bridge.ros.recorder.controls import ControlRecorder
from carla_nurec_bridge.ros.runtime.spinner import Spinner

pytestmark = pytest.mark.ros


@pytest.fixture
def node() -> Iterator[Node]:
    context = Context()
    rclpy.init(context=context)
    made = Node(RECORDER, context=context)
    yield made
    made.destroy_node()
    context.try_shutdown()


def test_two_parts_that_fail_are_both_told_and_the_summary_is_left(
    node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []

    def fail(part: str, why: str) -> None:
        closed.append(part)
        raise OSError(why)

    recorder = CosmosRecorder(node, Spinner(node), RecorderParameters(run_dir=str(tmp_path)))
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
