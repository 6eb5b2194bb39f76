"""What events are called in questions: as a sentence, as a question, and of whoever does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...truth import EventKind
from ..words import CARRIER

PAIRS = (EventKind.COLLISION, EventKind.NEAR_MISS, EventKind.CUT_IN)
"""Kinds that are asked of two."""


@dataclass(frozen=True)
class Clause:
    """The words of a kind of event; ``{a}`` and ``{b}`` are who takes part.

    ``bare`` follows who does it in a question, ``begins`` that of when, ``who`` a noun;
    ``to_carrier`` does so where the other is the vehicle with the camera.
    """

    subject: str
    plain: str
    bare: str
    begins: str
    who: str
    to_carrier: str = ""

    def tells(self, names: Sequence[str]) -> str:
        """Return the event as a sentence, without capital and full stop."""
        return f"{self.subject} {self.plain}".format(**_slots(names))

    def asks(self, names: Sequence[str], *, begins: bool) -> str:
        """Return the event as a question, without capital and mark."""
        verb = "do" if " and " in self.subject else "does"
        text = f"{verb} {self.subject} {self.begins if begins else self.bare}"
        return text.format(**_slots(names))


CLAUSES = {
    EventKind.COLLISION: Clause(
        "{a} and {b}", "collide", "collide", "collide", "collide", f"collides with {CARRIER}"
    ),
    EventKind.NEAR_MISS: Clause(
        "{a} and {b}",
        "nearly collide",
        "nearly collide, without touching",
        "nearly collide",
        "nearly collide, without touching",
        f"nearly collides with {CARRIER}, without touching it",
    ),
    EventKind.CUT_IN: Clause(
        "{a}",
        "cuts in ahead of {b}",
        "cut in ahead of {b}",
        "cut in ahead of {b}",
        "cuts in",
        f"cuts in ahead of {CARRIER}",
    ),
    EventKind.HARD_BRAKE: Clause(
        "{a}", "brakes hard", "brake hard", "begin to brake hard", "brakes hard"
    ),
    EventKind.WRONG_WAY: Clause(
        "{a}",
        "drives against the direction of its lane",
        "drive against the direction of its lane",
        "begin to drive against the direction of its lane",
        "drives against the direction of its lane",
    ),
    EventKind.OVERTAKING: Clause(
        "{a}",
        "overtakes on the lane of oncoming traffic",
        "overtake on the lane of oncoming traffic",
        "begin to overtake",
        "overtakes on the lane of oncoming traffic",
    ),
    EventKind.RED_LIGHT: Clause(
        "{a}",
        "crosses the stop line at a red light",
        "cross the stop line at a red light",
        "cross the stop line at a red light",
        "crosses the stop line at a red light",
    ),
    EventKind.JAYWALKING: Clause(
        "{a}",
        "walks on the road away from any crossing",
        "walk on the road away from any crossing",
        "begin to walk on the road away from any crossing",
        "walks on the road away from any crossing",
    ),
}
"""The kinds that are asked about. Not a stopped vehicle: a clip tells little of why it stands."""


def question_of(kind: EventKind, names: Sequence[str], *, begins: bool = False) -> str:
    """Return the question whether it happens, or with ``begins`` that of when it does."""
    return CLAUSES[kind].asks(names, begins=begins)


def _slots(names: Sequence[str]) -> dict[str, str]:
    return dict(zip("ab", names, strict=False))
