"""Compose a prompt of facts and conditions by templates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...facts import SceneFacts
from ..conditions import Conditions, Vocabulary
from .scene_words import carrier_words, place_words, what_words, who_words
from .templates import Templates, Wordings, filled, sentence

_FIRST = ("season", "lighting", "weather", "road", "place")


@dataclass(frozen=True)
class ComposedPrompt:
    """A prompt and its parts: what is seen, and the clause of each condition by category."""

    text: str
    scene: str
    clauses: dict[str, str]


def compose(
    facts: SceneFacts,
    conditions: Conditions,
    vocabulary: Vocabulary,
    templates: Templates,
    seed: int,
    scenery: str = "",
) -> ComposedPrompt:
    """Return the prompt for a clip in some conditions; the seed draws the wordings.

    ``scenery`` are sentences on what stands there, which come after those on the facts.
    """
    random = np.random.default_rng(seed)

    def one_of(wordings: Wordings) -> str:
        return wordings[int(random.integers(len(wordings)))]

    views = templates.viewpoint
    carriers = [one for one in facts.actors if one.carries_camera]
    view = views.fixed if not carriers else views.moving if carriers[0].moves else views.standing
    viewpoint = filled(
        one_of(view), {"place": place_words(facts.place), "carrier": carrier_words(facts)}
    )
    who, what = who_words(facts), what_words(facts)
    seen = filled(one_of(templates.who), {"who": who}) if who else one_of(templates.nobody)
    done = filled(one_of(templates.what), {"what": what}) if what else ""
    scene = " ".join(filter(None, map(sentence, (viewpoint, seen, done, scenery))))
    ordered = [name for name in _FIRST if name in conditions]
    ordered += [name for name in conditions if name not in ordered]
    clauses = {name: vocabulary.text_of(name, conditions) for name in ordered}
    told = [sentence(clause) for clause in clauses.values() if clause]
    text = " ".join([scene, *told, sentence(one_of(templates.quality))])
    return ComposedPrompt(text, scene, {name: text for name, text in clauses.items() if text})
