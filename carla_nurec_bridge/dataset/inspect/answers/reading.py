"""Read what a question asks from its text alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ...truth import EventKind, QuestionKind

CAMERA = 0
"""The number that stands for the vehicle with the camera, which has no mark."""

_TIME = r"(\d+\.\d) s"
_CLASS = r"(?:car|van|truck|bus|motorcycle|bicycle|pedestrian|object)"
_ONE = rf"(?:the {_CLASS} marked \d+|the vehicle with the camera)"
_CLAUSES: tuple[tuple[EventKind, str], ...] = (
    (EventKind.NEAR_MISS, rf"({_ONE}) and ({_ONE}) nearly collide(?:, without touching)?"),
    (EventKind.COLLISION, rf"({_ONE}) and ({_ONE}) collide"),
    (EventKind.CUT_IN, rf"({_ONE}) cuts? in ahead of ({_ONE})"),
    (EventKind.HARD_BRAKE, rf"({_ONE}) (?:begin to )?brakes? hard"),
    (
        EventKind.WRONG_WAY,
        rf"({_ONE}) (?:begin to )?drives? against the direction of its lane",
    ),
    (
        EventKind.OVERTAKING,
        rf"({_ONE}) (?:begin to )?overtakes?(?: on the lane of oncoming traffic)?",
    ),
    (EventKind.RED_LIGHT, rf"({_ONE}) cross(?:es)? the stop line at a red light"),
    (
        EventKind.JAYWALKING,
        rf"({_ONE}) (?:begin to )?walks? on the road away from any crossing",
    ),
)
_WHO = {
    "collide": EventKind.COLLISION,
    "nearly collide, without touching": EventKind.NEAR_MISS,
    "collides with the vehicle with the camera": EventKind.COLLISION,
    "nearly collides with the vehicle with the camera, without touching it": EventKind.NEAR_MISS,
    "cuts in ahead of the vehicle with the camera": EventKind.CUT_IN,
    "brakes hard": EventKind.HARD_BRAKE,
    "drives against the direction of its lane": EventKind.WRONG_WAY,
    "overtakes on the lane of oncoming traffic": EventKind.OVERTAKING,
    "crosses the stop line at a red light": EventKind.RED_LIGHT,
    "walks on the road away from any crossing": EventKind.JAYWALKING,
}


@dataclass(frozen=True)
class Happening:
    """A kind of event and the marks of who takes part, in order; 0 carries the camera."""

    kind: EventKind
    marks: tuple[int, ...]


@dataclass(frozen=True)
class Reading:
    """What a text asks.

    ``sense`` tells one pattern of a kind from its opposite, as left from right. ``classes`` are
    what the text calls the marks, by mark.
    """

    sense: str = ""
    marks: tuple[int, ...] = ()
    times_s: tuple[float, ...] = ()
    things: str = ""
    happenings: tuple[Happening, ...] = ()
    classes: Mapping[int, str] | None = None


def read_question(kind: QuestionKind, text: str) -> Reading | None:
    """Return what a question of a kind asks, None where its text is none of that kind."""
    lowered = text.strip().lower()
    times_s = tuple(float(value) for value in re.findall(_TIME, lowered))
    named = re.findall(rf"the ({_CLASS}) marked (\d+)", lowered)
    classes = {int(mark): word for word, mark in named}
    marks = tuple(int(mark) for _, mark in named)
    for sense, pattern in _PATTERNS.get(kind, ()):
        found = re.fullmatch(pattern, lowered)
        if found:
            things = found.groupdict().get("things", "")
            return Reading(sense, marks, times_s, things, (), classes)
    if kind in (QuestionKind.EVENT, QuestionKind.WHEN, QuestionKind.WHY, QuestionKind.EVENT_ORDER):
        happenings = tuple(read_happenings(lowered))
        wanted = 2 if kind is QuestionKind.EVENT_ORDER else 1
        begins = lowered.split(":")[0] in ("what happens first", "which begins earlier")
        known = kind is not QuestionKind.EVENT_ORDER or begins
        if len(happenings) == wanted and known:
            return Reading("", marks, times_s, "", happenings, classes)
    if kind is QuestionKind.WHO:
        return _who(lowered)
    return None


def read_happenings(text: str) -> Iterator[Happening]:
    """Yield the events that a text names, in their order."""
    found: list[tuple[int, int, Happening]] = []
    for kind, pattern in _CLAUSES:
        for match in re.finditer(pattern, text):
            if not any(start < match.end() and match.start() < end for start, end, _ in found):
                marks = tuple(_mark(group) for group in match.groups())
                found.append((match.start(), match.end(), Happening(kind, marks)))
    yield from (happening for *_, happening in sorted(found, key=lambda one: one[0]))


def _mark(name: str) -> int:
    return CAMERA if name.endswith("camera") else int(name.split()[-1])


def _who(text: str) -> Reading | None:
    one = re.fullmatch(
        r"which marked (?P<things>vehicle|pedestrian|road user) (?P<does>.*)\?", text
    )
    one = one or re.fullmatch(
        r"give the mark of the (?P<things>vehicle|pedestrian|road user) that (?P<does>.*)\.", text
    )
    two = re.fullmatch(r"which two marked road users (?P<does>.*)\?", text)
    two = two or re.fullmatch(r"give the marks of the two road users that (?P<does>.*)\.", text)
    found = one or two
    if found is None or found["does"] not in _WHO:
        return None
    with_camera = "the camera" in found["does"]
    happening = Happening(_WHO[found["does"]], (CAMERA,) if with_camera else ())
    thing = found.groupdict().get("things", "")
    return Reading("two" if two else "one", (), (), thing, (happening,), {})


_THINGS = r"(?P<things>[a-z]+(?: \(bicycles included\))?)"
_CHOICES = rf"(?:: {_CLASS}(?:, {_CLASS})* or {_CLASS})"
_PATTERNS: dict[QuestionKind, tuple[tuple[str, str], ...]] = {
    QuestionKind.EXISTENCE: (
        ("", r"is there a (?P<things>\w+) in the video\?"),
        ("", r"does a (?P<things>\w+) appear in the video\?"),
        ("", r"can a (?P<things>\w+) be seen at any time in the video\?"),
    ),
    QuestionKind.COUNT: (
        ("marked", rf"how many {_THINGS} carry a mark at {_TIME}\?"),
        ("marked", rf"at {_TIME}, how many marked {_THINGS} are there\?"),
        ("marked", rf"count the {_THINGS} that carry a mark at {_TIME}\."),
        ("all", rf"how many {_THINGS} are visible at {_TIME}\?"),
        ("all", rf"at {_TIME}, how many {_THINGS} can be seen\?"),
        ("all", rf"count the {_THINGS} in view at {_TIME}\."),
    ),
    QuestionKind.COLOUR: (
        ("", rf"(?:what|which|name the) colou?r (?:is|does|of) {_ONE}(?: have)?[?.]"),
    ),
    QuestionKind.CLASS: (
        ("", r"what kind of road user is the object marked \d+\?"),
        ("", rf"(?:what|which of these) is the object marked \d+{_CHOICES}\?"),
    ),
    QuestionKind.LEFT_RIGHT: tuple(
        (side, pattern)
        for side in ("left", "right")
        for pattern in (
            rf"at {_TIME}, is {_ONE} to the {side} of {_ONE} in the image\?",
            rf"is {_ONE} further {side} in the image than {_ONE} at {_TIME}\?",
            rf"in the image at {_TIME}, is {_ONE} {side} of {_ONE}\?",
        )
    ),
    QuestionKind.NEARER: (
        ("nearer", r".*\b(?:closer to|nearer to) the camera\b.*"),
        ("farther", r".*\bfarther (?:away )?from the camera\b.*"),
    ),
    QuestionKind.AHEAD: (
        (
            "of the second",
            rf"at {_TIME}, is {_ONE} straight ahead of {_ONE}, as the latter faces\?",
        ),
        ("of the first", rf"seen from {_ONE}, is {_ONE} straight ahead at {_TIME}\?"),
        ("of the first", rf"looking forward from {_ONE} at {_TIME}, is {_ONE} straight ahead\?"),
    ),
    QuestionKind.MOVING: (
        ("moving", rf"is {_ONE} moving at {_TIME}\?"),
        ("moving", rf"at {_TIME}, is {_ONE} in motion\?"),
        ("moving", rf"does {_ONE} move at {_TIME}\?"),
        ("standing", rf"is {_ONE} standing still at {_TIME}\?"),
        ("standing", rf"at {_TIME}, is {_ONE} stationary\?"),
        ("standing", rf"does {_ONE} stand still at {_TIME}\?"),
    ),
    QuestionKind.DISTANCE_CHANGE: (
        ("later second", rf"(?:between|from) {_TIME} (?:and|to) {_TIME}, does {_ONE} .*"),
        ("later first", rf"is {_ONE} closer to the camera at {_TIME} than at {_TIME}, or .*"),
    ),
    QuestionKind.TURN: (("", rf".*\b{_ONE}\b.*\bleft\b.*\bright\b.*\bstraight on\b.*"),),
    QuestionKind.LEAVES_FIRST: (
        ("", rf"which is out of view for good first, {_ONE} or {_ONE}\?"),
        ("", rf"of {_ONE} and {_ONE}, which one disappears for good first\?"),
        ("", rf"which one is no longer seen earlier: {_ONE} or {_ONE}\?"),
    ),
}
