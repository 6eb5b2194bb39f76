"""When who owes an answer is asked for it, and when it is late."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from carla_nurec_bridge.core.lockstep.attendance import Attendance
from carla_nurec_bridge.core.lockstep.patience import Abort, Ask, FrameWait, GoOn, Wait
from carla_nurec_bridge.core.lockstep.roster import Roster
from carla_nurec_bridge.core.lockstep.words import (
    Announcement,
    Answer,
    Asked,
    Declaration,
    RunState,
)

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


def watched() -> tuple[Roster, Attendance]:
    """Return a roster whose frames 0 and 1 an agent has answered, and a watcher at work on both."""
    watcher = Attendance(Declaration("watcher", "1", behind_frames=1))
    roster = Roster(["watcher", "agent"], "run")
    roster.hear(Announcement(watcher.of, ""))
    roster.hear(Announcement(Declaration("agent", "1"), ""))
    for frame in (0, 1):
        stamp_ns = _RUN.t0_ns + frame * _RUN.dt_ns
        roster.open(frame, stamp_ns)
        watcher.hear(replace(_RUN, number=frame, begun=True, members=roster.members))
        assert watcher.begin(stamp_ns)
        roster.hear(Answer("agent", stamp_ns, "run", incarnation="1"))
        if frame == 0:
            rule = FrameWait(roster, "hold", frame_s=30.0, first_frame_s=180.0)
            assert rule.verdict(0.0, lambda _: True) == GoOn()
            roster.close()
    return roster, watcher


@pytest.mark.parametrize("policy", ["abort", "hold", "wait"])
def test_who_is_at_work_on_two_frames_has_lost_neither(policy: Any) -> None:
    roster, watcher = watched()
    rule = FrameWait(roster, policy, frame_s=30.0, first_frame_s=180.0)
    asked = rule.verdict(180.0 if policy == "wait" else 60.0, lambda _: True)
    assert isinstance(asked, Ask)
    assert asked.asked == Asked(0, ("watcher",), int(policy == "wait"))
    told = replace(_RUN, number=9, begun=True, members=roster.members, asked=asked.asked)
    assert watcher.hear(told) == []
    assert watcher.at_work_ns == _RUN.t0_ns
    roster.hear(watcher.answer(_RUN.t0_ns, {"image": 3}))
    assert rule.verdict(181.0, lambda _: True) == GoOn()
    roster.close()
    assert [frame.number for frame in roster.open_frames] == [1]


def test_the_frame_that_a_watcher_is_late_with_is_the_one_that_is_told() -> None:
    roster, _ = watched()
    rule = FrameWait(roster, "abort", frame_s=30.0, first_frame_s=30.0)
    assert rule.verdict(30.0, lambda _: True) == Abort(0, ("watcher",), limit_s=30.0)


def test_until_nobody_is_behind_all_frames_are_waited_for() -> None:
    roster, watcher = watched()
    roster.hear(watcher.answer(_RUN.t0_ns, {}))
    whole = FrameWait(roster, "abort", frame_s=30.0, first_frame_s=30.0, whole=True)
    assert isinstance(whole.verdict(0.0, lambda _: True), Wait)
    roster.hear(watcher.answer(_RUN.t0_ns + _RUN.dt_ns, {}))
    assert whole.verdict(0.0, lambda _: True) == GoOn()
    roster.close(whole=True)
    assert roster.open_frames == ()


def test_a_command_that_never_came_is_waited_for_once() -> None:
    roster, watcher = watched()
    roster.hear(watcher.answer(_RUN.t0_ns, {}))
    rule = FrameWait(roster, "hold", frame_s=30.0, first_frame_s=30.0)
    lost = GoOn(("a command that was announced",))
    assert rule.verdict(30.0, lambda answers: not answers) == lost
    roster.close()
    roster.hear(watcher.answer(_RUN.t0_ns + _RUN.dt_ns, {}))
    whole = FrameWait(roster, "hold", frame_s=30.0, first_frame_s=30.0, whole=True)
    assert whole.verdict(0.0, lambda answers: not answers) == GoOn()


def test_who_has_told_of_commands_is_never_behind() -> None:
    roster = Roster(["driver"], "run")
    roster.hear(Announcement(Declaration("driver", "1", behind_frames=1), ""))
    for frame, needed in ((0, False), (1, True)):
        stamp_ns = _RUN.t0_ns + frame * _RUN.dt_ns
        roster.open(frame, stamp_ns)
        assert [owed.needed for owed in roster.owing()] == [needed]
        counts = {"command/ackermann": 1}
        roster.hear(Answer("driver", stamp_ns, "run", counts=counts, incarnation="1"))
        roster.close()
