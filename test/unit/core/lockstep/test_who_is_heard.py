"""Nobody takes part before those who record have heard it, and nobody waits for the dead."""

from __future__ import annotations

from dataclasses import replace

from carla_nurec_bridge.core.lockstep.roster import Roster
from carla_nurec_bridge.core.lockstep.words import Announcement, Answer, Declaration, Heard

RECORDER = Declaration("recorder", "r1", hears_all=True)
AGENT = Declaration("agent", "a1")
LATE = Declaration("late", "l1")


def begun() -> Roster:
    """Return the roster of a run whose recorder and agent take part from frame 0 on."""
    roster = Roster(("agent", "recorder"), "run")
    roster.hear(Announcement(AGENT))
    roster.hear(Announcement(RECORDER))
    roster.hear(Heard("recorder", "r1", "agent", "a1"))
    assert roster.unready() == []
    assert roster.open(0, 0)
    return roster


def names(roster: Roster) -> list[str]:
    return [member.of.name for member in roster.members]


def frame(roster: Roster, number: int, *answering: Declaration) -> None:
    """Have these answer the open frame, and open another one."""
    for of in answering:
        stamp = (number - 1) * 10
        roster.hear(Answer(of.name, stamp, "run", incarnation=of.incarnation))
    roster.close()
    roster.open(number, number * 10)


def test_the_run_does_not_begin_before_the_recorder_hears_the_agent() -> None:
    roster = Roster(("agent", "recorder"), "run")
    roster.hear(Announcement(AGENT))
    assert roster.unready() == ["recorder has not been heard of"]
    roster.hear(Announcement(RECORDER))
    assert roster.unready() == ["recorder does not hear agent yet"]
    roster.hear(Heard("recorder", "r1", "agent", "a0"))  # one of that name that ran before
    assert roster.unready() == ["recorder does not hear agent yet"]
    roster.hear(Heard("recorder", "r1", "agent", "a1"))
    assert roster.unready() == []


def test_who_comes_later_waits_to_be_heard_and_that_is_told_once() -> None:
    roster = begun()
    roster.hear(Announcement(LATE))
    for number in (1, 2):
        frame(roster, number, AGENT, RECORDER)
        assert names(roster) == ["agent", "recorder"]
    assert list(roster.news) == ["recorder does not hear late yet"]
    roster.hear(Heard("recorder", "r1", "late", "l1"))
    frame(roster, 3, AGENT, RECORDER)
    assert names(roster) == ["agent", "recorder", "late"]


def test_a_recorder_that_is_silent_keeps_nobody_out() -> None:
    roster = begun()
    roster.hear(Announcement(replace(AGENT, incarnation="a2")))
    frame(roster, 1, RECORDER)
    assert names(roster) == ["recorder"]
    frame(roster, 2)
    assert names(roster) == ["agent", "recorder"]
