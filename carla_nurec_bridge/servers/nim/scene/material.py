"""What an answer is made of: the facts and the conditions that a request holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..media import Medium
from ..messages import ChatRequest
from .given_json import json_objects
from .words import scene_in_german, scene_sentences

_FACTS = {"counts", "actors", "place", "events", "manoeuvres"}
_DEEPEST = 6
_UNTOLD = dict.fromkeys(("weather", "lighting", "road_state"), "not told by the facts")
"""What captions are usually asked for, and the facts given to models leave out."""


@dataclass(frozen=True)
class AnswerMaterial:
    """The prose of an answer, the values that fields of JSON may take, and where both are from."""

    text: str
    known: Mapping[str, Any]
    origin: str
    facts: Mapping[str, Any]

    def in_german(self) -> AnswerMaterial:
        """Return the same with German prose, and no values."""
        return replace(self, text=scene_in_german(self.facts), known={})


def material_of(
    request: ChatRequest, usual: Mapping[str, Any], media: list[Medium]
) -> AnswerMaterial:
    """Find facts and asked conditions in the messages; the ``usual`` facts where there are none.

    Facts are a JSON object with some of ``counts``, ``actors``, ``place``, ``events`` and
    ``manoeuvres``, or the one under ``facts``. Conditions are the table or list under
    ``conditions`` beside that, and come into the answer word for word.
    """
    objects = json_objects(request.texts())
    facts = next((found for found in map(_facts_in, objects) if found), None)
    origin = "These facts were given in the messages."
    if facts is None:
        facts, origin = usual, "These facts were given to the server as a file."
    conditions: dict[str, Any] = {}
    for one in objects:
        if one is not facts:
            conditions |= _conditions_in(one)
    sentences = scene_sentences(facts, with_conditions=not conditions) if facts else []
    if conditions:
        sentences.append(f"The conditions are: {'; '.join(map(str, conditions.values()))}.")
    if not sentences:
        origin = "No facts were given, and this server is no model: it sees no images."
        shown = " and ".join(medium.told() for medium in media)
        sentences = [f"The request holds {shown or 'no images'}.", origin]
    known = _UNTOLD | dict(_leaves(facts, 0)) | conditions
    return AnswerMaterial(" ".join(sentences), known, origin, facts)


def _facts_in(one: Mapping[str, Any]) -> Mapping[str, Any] | None:
    inner = one.get("facts")
    if isinstance(inner, Mapping) and inner:
        return inner
    return one if _FACTS & set(one) else None


def _conditions_in(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return conditions by name; those of a list by their number."""
    given = one.get("conditions")
    if isinstance(given, list):
        given = {str(index): value for index, value in enumerate(given)}
    if not isinstance(given, Mapping):
        return {}
    return {str(name): value for name, value in given.items() if isinstance(value, str)}


def _leaves(value: Mapping[str, Any], depth: int) -> Iterator[tuple[str, Any]]:
    """Yield every named value, tables after what they hold, so that the outermost names win."""
    for inner in value.values():
        if isinstance(inner, Mapping) and depth < _DEEPEST:
            yield from _leaves(inner, depth + 1)
    yield from value.items()
