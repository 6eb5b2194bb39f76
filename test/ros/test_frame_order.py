"""The order of a frame is one table, and the page shows the same."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("carla")

from carla_nurec_bridge.core.errors import DeadlineError, ProtocolError
from carla_nurec_bridge.core.timings import Timings
from carla_nurec_bridge.ros.ego import frame as frame_module
from carla_nurec_bridge.ros.ego.frame import FRAME, EgoFrame, FrameStep

PAGE = Path(__file__).parents[2] / "docs" / "architecture.md"
pytestmark = pytest.mark.ros


def test_the_page_shows_the_table() -> None:
    section = PAGE.read_text().split("## The order of one frame\n")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:3] == "| `"]
    assert [(name.strip("`"), does) for name, does in rows] == [(s.name, s.does) for s in FRAME]


def test_the_first_frame_is_the_episode_as_it_was_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def step(name: str, *, advances: bool = False) -> FrameStep:
        return FrameStep(name, "", lambda _frame: done.append(name), advances=advances)

    table = (step("tick", advances=True), step("state"), step("answers"))
    monkeypatch.setattr(frame_module, "FRAME", table)
    nothing: Any = None
    parts: Any = SimpleNamespace(timings=Timings())
    episode: Any = SimpleNamespace(prepared=SimpleNamespace(snapshot="as opened"))
    frame = EgoFrame(nothing, parts, episode, nothing)
    frame.make(first=True)
    assert (done, frame.snapshot) == (["state", "answers"], "as opened")
    EgoFrame(nothing, parts, episode, nothing).make(first=False)
    assert done[2:] == ["tick", "state", "answers"]
    assert parts.timings.summary()["frame"].count == 2


@pytest.mark.parametrize("failed", [True, False])
def test_a_tick_that_failed_tells_why_no_picture_came(
    monkeypatch: pytest.MonkeyPatch, *, failed: bool
) -> None:
    def late(_frame: EgoFrame) -> None:
        raise DeadlineError("no picture of carla_front")

    def end_tick() -> None:
        if failed:
            raise ProtocolError("CARLA did not finish a tick")

    monkeypatch.setattr(frame_module, "FRAME", (FrameStep("cameras", "", late),))
    nothing: Any = None
    parts: Any = SimpleNamespace(timings=Timings())
    episode: Any = SimpleNamespace(session=SimpleNamespace(end_tick=end_tick))
    with pytest.raises(
        ProtocolError if failed else DeadlineError,
        match="did not finish a tick" if failed else "no picture of carla_front",
    ):
        EgoFrame(nothing, parts, episode, nothing).make(first=False)


def test_the_clock_goes_out_before_what_it_stamps_and_answers_come_last() -> None:
    names = [step.name for step in FRAME]
    assert names[:3] == ["drive", "tick", "state"]
    assert names.index("cameras") < names.index("wheels")
    assert names[-1] == "answers"
    assert names.index("cameras") < names.index("traffic") < names.index("scenario")
    assert [step.name for step in FRAME if step.advances] == ["drive", "tick", "traffic"]
