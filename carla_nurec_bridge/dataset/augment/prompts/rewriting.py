"""Have a language model write a prompt more fluently, and use it only where it stays true."""

from __future__ import annotations

import json

from pydantic import Field

from ....core.run_contract.record import Record
from ...facts import SceneFacts
from ..conditions import Conditions, Vocabulary
from ..models.endpoint import Message
from ..variant_plan import ModelUse
from .asking import TextAsker
from .compose import ComposedPrompt
from .contradictions import contradictions
from .omissions import omissions
from .prose import prose_faults
from .scene_words import shown_events

_LEAST_WORDS, _MOST_WORDS = 20, 220
_MOST_ACTORS = 40
_TOLD = {"counts", "actors", "place", "manoeuvres", "events"}

_SYSTEM = """You rewrite the description of a traffic video as one fluent English paragraph of 60 \
to 160 words, from which a video generator will make the video in other weather and light.
Keep every condition, in its own words. Keep how many road users there are, their kinds and \
colours, and what they do. Add no road users, events, signs, text or places that are not in the \
facts, and nothing about the weather or light of the original. No lists, headings or comments.
Answer with a JSON object that has one key, "prompt"."""


class RewrittenPrompt(Record):
    """What the model answers."""

    prompt: str = Field(min_length=1, max_length=4000)


def rewritten(
    llm: TextAsker,
    composed: ComposedPrompt,
    facts: SceneFacts,
    conditions: Conditions,
    vocabulary: Vocabulary,
    seed: int,
) -> tuple[str | None, ModelUse]:
    """Return the model's prompt, None where none of two was usable, and how it went.

    ModelUnavailable and InputError as ``TextAsker.text`` raises them.
    """

    def faults_of(text: str) -> list[str]:
        faults = prose_faults(text, _LEAST_WORDS, _MOST_WORDS)
        faults += contradictions(text, facts, conditions, vocabulary)
        return [*faults, *omissions(text, facts)]

    return llm.text(
        _messages(composed, facts), RewrittenPrompt, lambda x: x.prompt, faults_of, seed
    )


def facts_for_models(facts: SceneFacts) -> dict[str, object]:
    """Return what models are told: who is seen and what is done, no stamps, no weather."""
    told = facts.model_copy(update={"events": shown_events(facts)}).to_json()
    shown = {name: told[name] for name in told if name in _TOLD}
    for many in ("actors", "manoeuvres", "events"):
        shown[many] = [
            {k: v for k, v in one.items() if k not in ("spans", "span", "figures", "text")}
            for one in told[many][:_MOST_ACTORS]
        ]
    return shown


def _messages(composed: ComposedPrompt, facts: SceneFacts) -> list[Message]:
    given = {
        "description": composed.text,
        "conditions": composed.clauses,
        "facts": facts_for_models(facts),
    }
    return [
        {"role": "system", "content": _SYSTEM},
        {"role": "user", "content": json.dumps(given, ensure_ascii=False)},
    ]
