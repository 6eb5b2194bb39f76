"""Whether a text tells of all road users that a clip shows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ....world.object_classes import VEHICLES, ObjectClass
from ...facts import SceneFacts
from ...facts.words import noun
from .contradictions import without_carrier
from .nouns import BETWEEN, COLOUR_WORDS, NOUNS, NUMBERS, ROADSIDE

_ANY_NUMBER = r"\b(?:vehicles|traffic|road users)\b"
"""Words for all vehicles together, however many there are."""


def omissions(text: str, facts: SceneFacts) -> Iterator[str]:
    """Yield a sentence for each class of which a text tells fewer than there are, or nobody.

    Each mention counts, as if it were of somebody else, and a plural
    without a number may be any number: what is told is surely too few.
    """
    low = without_carrier(text, facts)
    for nouns, classes in NOUNS.items():
        if len(classes) > 1:
            continue
        there = sum(one.object_class in classes for one in facts.shown())
        told = _most_told(low, nouns, classes[0])
        if told is not None and told < there:
            yield f"of {there} {noun(classes[0])}{'' if there == 1 else 's'} it tells {told}"


def _most_told(text: str, nouns: str, kind: ObjectClass) -> int | None:
    """Return how many of a class a text may tell of at most, None for any number."""
    if kind in VEHICLES and re.search(_ANY_NUMBER, text):
        return None
    told = 0
    determiner = rf"{'|'.join(NUMBERS)}|\d+|an?|the|another|other|{COLOUR_WORDS}"
    named = rf"(?:\b({determiner})[\s-]+{BETWEEN})?\b({nouns})\b{ROADSIDE}"
    for match in re.finditer(named, text):
        number, name = match[1], match[2]
        if number in NUMBERS or (number is not None and number.isdigit()):
            told += NUMBERS.get(number) or int(number[:9])
        elif name == "people" or (name.endswith("s") and name != "bus"):
            return None
        else:
            told += 1
    return told
