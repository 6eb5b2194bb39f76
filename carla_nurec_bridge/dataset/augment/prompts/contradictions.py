"""Whether a text holds to the conditions that were asked for and to the facts of the clip."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...facts import SceneFacts
from ...truth.events import EventKind
from ..conditions import Conditions, Vocabulary
from ..conditions.phrases import is_said, said
from .nouns import BETWEEN, COLOUR_WORDS, COLOURS, NOUNS, NUMBERS, ROADSIDE
from .scene_words import carrier_words

_EVENTS = {
    EventKind.COLLISION: ("collision", "collide*", "crash*", "accident", "pile-up"),
    EventKind.RED_LIGHT: ("runs .. red light", "ignores .. red light"),
    EventKind.WRONG_WAY: ("wrong way",),
}
_LAYOUTS = {
    "intersection": ("intersection", "crossroads", "junction"),
    "straight_road": ("straight road", "straight street"),
    "bend": ("bend", "curve"),
}
_EMPTY = ("empty road", "empty street", "deserted", "no .. traffic", "without .. traffic")
_OWN = (
    r"(?:camera|video|filmed)\b[^.]{{0,40}}?\b(?:of|on|from|in) (?:a|the)\b[^.]{{0,20}}?"
    r"\b(?:{noun}|vehicle)\b|(?:{noun}|vehicle) with the camera|ego (?:{noun}|vehicle)"
)
"""What carries the camera is nobody that is seen."""


def contradictions(
    text: str, facts: SceneFacts, conditions: Conditions, vocabulary: Vocabulary
) -> list[str]:
    """Return a sentence for each condition that is lost or denied, and each fact contradicted."""
    return [
        *_conditions(text, conditions, vocabulary),
        *fact_contradictions(text, facts),
    ]


def said_conditions(text: str, vocabulary: Vocabulary) -> list[str]:
    """Return what a text says of any condition, as ``lighting: golden hour``."""
    found = []
    for name, values in vocabulary.categories.items():
        phrases = dict.fromkeys(
            phrase for told in values.values() for phrase in (*told.shown_by, *told.contradicts)
        )
        words = said(text, phrases)
        if words is not None:
            found.append(f"{name}: {words}")
    return found


def fact_contradictions(text: str, facts: SceneFacts) -> list[str]:
    """Return a sentence for each fact that a text contradicts: numbers, colours, events, place."""
    low = without_carrier(text, facts)
    return [*_counts(low, facts), *_colours(low, facts), *_events(low, facts), *_place(low, facts)]


def without_carrier(text: str, facts: SceneFacts) -> str:
    """Return a text in lower case without what it says of the vehicle with the camera."""
    low, carrier = text.lower(), carrier_words(facts)
    return re.sub(_OWN.format(noun=re.escape(carrier)), " ", low) if carrier else low


def _conditions(text: str, conditions: Conditions, vocabulary: Vocabulary) -> Iterator[str]:
    for name, value in conditions.items():
        told = vocabulary.categories[name][value]
        if vocabulary.text_of(name, conditions) and not is_said(text, told.shown_by):
            yield f"{name} {value} is not in the text"
        wrong = said(text, vocabulary.contradictions_of(name, value))
        if wrong is not None:
            yield f"{wrong!r} contradicts {name} {value}"


def _counts(text: str, facts: SceneFacts) -> Iterator[str]:
    numbers = "|".join(NUMBERS)
    for nouns, classes in NOUNS.items():
        there = sum(one.object_class in classes for one in facts.shown())
        noun = rf"\b(?:{nouns})\b{ROADSIDE}"
        for match in re.finditer(rf"\b({numbers}|\d+)[\s-]+{BETWEEN}({noun})", text):
            claimed = NUMBERS.get(match[1]) or int(match[1][:9])
            if claimed > there:
                yield f"{match[0]!r}: there are {there}"
        if not there:
            mention = re.search(
                rf"\b(?:an?|another|the|some|{COLOUR_WORDS})[\s-]+{BETWEEN}({noun})", text
            )
            plain = mention or re.search(rf"(?<!no )({noun})", text)
            if plain and not is_denied(text, plain.start(1)):
                yield f"{plain[0]!r}: there is none"
        elif re.search(rf"\bno (?:other )?({noun})", text):
            yield f"no {nouns.split('|')[0].rstrip('?').rstrip('s')}: there are {there}"
    if facts.vehicles.total and said(text, _EMPTY):
        yield f"{said(text, _EMPTY)!r}: there are {facts.vehicles.total} vehicles"


def is_denied(text: str, at: int) -> bool:
    """Say whether what a text says at a place is negated within the three words before it."""
    return re.search(r"\b(?:no|not|without|nor|never)\b(?:\W+\w+){0,3}\W*$", text[:at]) is not None


def _colours(text: str, facts: SceneFacts) -> Iterator[str]:
    for nouns, classes in NOUNS.items():
        mine = [one for one in facts.shown() if one.object_class in classes]
        if not mine or any(one.colour is None for one in mine):
            continue
        known = {one.colour for one in mine}
        noun = rf"(?:{nouns})\b{ROADSIDE}"
        for match in re.finditer(rf"\b({COLOUR_WORDS})[\s-]+{noun}", text):
            if COLOURS[match[1]] not in known:
                yield f"{match[0]!r}: their colours are {', '.join(sorted(filter(None, known)))}"


def _events(text: str, facts: SceneFacts) -> Iterator[str]:
    kinds = {one.kind for one in facts.events}
    text = re.sub(r"\b(?:nearly|almost)\s+\w+", " ", text)  # what does not come to pass
    for kind, phrases in _EVENTS.items():
        if kind not in kinds:
            told = said(text, phrases)
            if told is not None:
                yield f"{told!r}: no {str(kind).replace('_', ' ')} happens"


def _place(text: str, facts: SceneFacts) -> Iterator[str]:
    layout = facts.place.layout
    if layout is None:
        return
    for other, phrases in _LAYOUTS.items():
        told = said(text, phrases)
        if other != layout and told is not None and not is_said(text, _LAYOUTS[layout]):
            yield f"{told!r}: the place is {_LAYOUTS[layout][0]}"
