"""Several wordings of each question; its slots are filled with names, times and clauses."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .words import sentence

_WORDINGS: dict[str, tuple[str, ...]] = {
    "existence": (
        "is there a {thing} in the video?",
        "does a {thing} appear in the video?",
        "can a {thing} be seen at any time in the video?",
    ),
    "count": (
        "how many {things} are visible at {time}?",
        "at {time}, how many {things} can be seen?",
        "count the {things} in view at {time}.",
    ),
    "count_marked": (
        "how many {things} carry a mark at {time}?",
        "at {time}, how many marked {things} are there?",
        "count the {things} that carry a mark at {time}.",
    ),
    "colour": (
        "what colour is {a}?",
        "which colour does {a} have?",
        "name the colour of {a}.",
    ),
    "class": (
        "what kind of road user is the object marked {mark}?",
        "what is the object marked {mark}: {choices}?",
        "which of these is the object marked {mark}: {choices}?",
    ),
    "left": (
        "at {time}, is {a} to the left of {b} in the image?",
        "is {a} further left in the image than {b} at {time}?",
        "in the image at {time}, is {a} left of {b}?",
    ),
    "right": (
        "at {time}, is {a} to the right of {b} in the image?",
        "is {a} further right in the image than {b} at {time}?",
        "in the image at {time}, is {a} right of {b}?",
    ),
    "nearer": (
        "at {time}, which is closer to the camera, {a} or {b}?",
        "which one is nearer to the camera at {time}: {a} or {b}?",
        "of {a} and {b}, which is closer to the camera at {time}?",
    ),
    "farther": (
        "at {time}, which is farther from the camera, {a} or {b}?",
        "which one is farther away from the camera at {time}: {a} or {b}?",
        "of {a} and {b}, which is farther from the camera at {time}?",
    ),
    "ahead": (
        "seen from {b}, is {a} straight ahead at {time}?",
        "at {time}, is {a} straight ahead of {b}, as the latter faces?",
        "looking forward from {b} at {time}, is {a} straight ahead?",
    ),
    "moving": (
        "is {a} moving at {time}?",
        "at {time}, is {a} in motion?",
        "does {a} move at {time}?",
    ),
    "standing": (
        "is {a} standing still at {time}?",
        "at {time}, is {a} stationary?",
        "does {a} stand still at {time}?",
    ),
    "distance_change": (
        "between {time} and {later}, does {a} come closer to the camera or get farther from it?",
        "from {time} to {later}, does {a} get closer to the camera or farther from it?",
        "is {a} closer to the camera at {later} than at {time}, or farther away?",
    ),
    "turn": (
        "does {a} turn left, turn right or go straight on while it carries its mark?",
        "while its mark is shown, does {a} turn left, turn right or go straight on?",
        "which way does {a} go while it carries its mark: left, right or straight on?",
    ),
    "leaves_first": (
        "which is out of view for good first, {a} or {b}?",
        "of {a} and {b}, which one disappears for good first?",
        "which one is no longer seen earlier: {a} or {b}?",
    ),
    "event": (
        "{question}?",
        "in the video, {question}?",
        "{question} at any time in the video?",
    ),
    "event_order": (
        "what happens first: {first}, or {second}?",
        "which begins earlier: {first}, or {second}?",
    ),
    "when": (
        "when {question}?",
        "at what time {question}?",
        "how many seconds into the video {question}?",
    ),
    "who_one": (
        "which marked {thing} {does}?",
        "give the mark of the {thing} that {does}.",
    ),
    "who_two": (
        "which two marked road users {does}?",
        "give the marks of the two road users that {does}.",
    ),
    "why": (
        "why {question}?",
        "what is the reason that {clause}?",
        "{clause}. Why?",
    ),
}


def worded(pattern: str, slots: Mapping[str, str], random: np.random.Generator) -> str:
    """Return one of a pattern's wordings, drawn, with its slots filled."""
    wordings = _WORDINGS[pattern]
    text = wordings[int(random.integers(len(wordings)))].format(**slots)
    return sentence(text)
