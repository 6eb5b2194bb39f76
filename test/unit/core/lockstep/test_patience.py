"""When who owes an answer is asked for it, and when it is late."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from carla_nurec_bridge.core.lockstep.attendance import Attendance
from carla_nurec_bridge.core.lockstep.patience import Abort, Ask, FrameWait, GoOn, Wait
from carla_nurec_bridge.core.lockstep.roster import Roster
from carla_nurec_bridge.core.lockstep.words import Announcement, Asked, Declaration, RunState

_RUN = RunState("run", "running", "", 0, 1_000, 50)


def opened(attendance: Attendance) -> tuple[Roster, RunState]:
    """Return an owner's roster with frame 0 open, and what it tells its only participant."""
    roster = Roster([attendance.of.name], "run")
    roster.hear(Announcement(attendance.of, ""))
    roster.open(0, _RUN.t0_ns)
    return roster, replace(_RUN, members=roster.members)


@pytest.mark.parametrize("policy", ["abort", "hold"])
def test_an_answer_is_asked_for_once_before_it_is_late(policy: Any) -> None:
    roster, _ = opened(Attendance(Declaration("agent", "1")))
    rule = FrameWait(roster, policy, frame_s=30.0, first_frame_s=180.0)
    said = [rule.verdict(elapsed_s, lambda _: True) for elapsed_s in (0.0, 60.0, 61.0, 180.0)]
    assert said[:3] == [Wait(60.0), Ask(Asked(0, ("agent",), 0)), Wait(180.0)]
    late = Abort(0, ("agent",), limit_s=180.0) if policy == "abort" else GoOn(("agent",))
    assert said[3] == late


def test_an_answer_that_was_lost_is_given_again() -> None:
    attendance = Attendance(Declaration("agent", "1"))
    roster, told = opened(attendance)
    assert attendance.hear(told) == []
    assert attendance.begin(_RUN.t0_ns)
    lost = attendance.answer(_RUN.t0_ns, {})
    rule = FrameWait(roster, "abort", frame_s=30.0, first_frame_s=180.0)
    asked = rule.verdict(60.0, lambda _: True)
    assert isinstance(asked, Ask)
    assert attendance.hear(replace(told, number=1, asked=asked.asked)) == [lost]
    roster.hear(lost)
    assert rule.verdict(60.1, lambda _: True) == GoOn()


def test_who_is_told_the_same_again_has_not_been_asked_twice() -> None:
    attendance = Attendance(Declaration("agent", "1"))
    _, told = opened(attendance)
    for number in range(5):
        assert attendance.hear(replace(told, number=number, asked=Asked(0, ("agent",), 1))) == []
    [failed] = attendance.hear(replace(told, number=5, asked=Asked(0, ("agent",), 2)))
    assert failed.message == "frame 0 did not arrive whole"
