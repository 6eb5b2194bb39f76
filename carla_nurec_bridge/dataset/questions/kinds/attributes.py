"""What an object is like: its class, and its colour."""

from __future__ import annotations

from collections.abc import Iterator

from ....world.object_classes import ObjectClass
from ...facts import colour_word
from ...truth import Evidence, QuestionKind
from ..clip import NAMED, QuestionClip
from ..draft import Draft, Unclear
from ..words import marked

_CHOICES = ", ".join(one.value for one in NAMED[:-1]) + f" or {NAMED[-1].value}"
_UNPAINTED = (ObjectClass.PEDESTRIAN, ObjectClass.BICYCLE, ObjectClass.MOTORCYCLE)
"""People wear what they like, and of two-wheelers little is paint."""


def attributes(clip: QuestionClip, unclear: Unclear) -> Iterator[Draft]:
    """Ask for the class and the colour of each object that is clear in some frame.

    Colours between two words are left out, and hold for recorded images only.
    """
    first: dict[int, int] = {}
    for frame in clip.frames:
        for track in clip.asked(frame.number):
            first.setdefault(track, frame.stamp_ns)
    for track, stamp_ns in first.items():
        mark = clip.marks[track]
        evidence = Evidence(stamps_ns=(stamp_ns,), track_ids=(track,))
        if mark.object_class not in NAMED:
            continue
        word = mark.object_class.value
        yield Draft(
            QuestionKind.CLASS,
            "class",
            {"mark": str(mark.mark), "choices": _CHOICES},
            word,
            f"A {word}.",
            evidence,
        )
        if mark.object_class in _UNPAINTED:
            continue
        colour = None if mark.colour_rgb is None else colour_word(mark.colour_rgb)
        if colour is None:
            unclear.add("colour")
            continue
        numbers = dict(
            zip(("red", "green", "blue"), map(float, mark.colour_rgb or ()), strict=True)
        )
        yield Draft(
            QuestionKind.COLOUR,
            "colour",
            {"a": marked(mark)},
            colour,
            f"It is {colour}.",
            evidence.model_copy(update={"numbers": numbers}),
            any_look=False,
        )
