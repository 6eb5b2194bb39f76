"""Have a vision model tell what the facts do not: the buildings and plants that a clip shows."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

from pydantic import Field

from ....core.run_contract.record import Record
from ...facts import SceneFacts
from ...store.reader import StoredScenario
from ..conditions import Vocabulary
from ..models.endpoint import Message
from ..variant_plan import ModelUse
from .asking import TextAsker
from .contradictions import fact_contradictions, said_conditions
from .prose import prose_faults
from .rewriting import facts_for_models

_IMAGES = 8
_LEAST_WORDS, _MOST_WORDS = 4, 80

_SYSTEM = """You describe traffic videos for a data set. In "scenery" tell in one to three English \
sentences what stands along the road: buildings, plants, fences, poles, and what they are made of. \
Leave out weather, light, season, the state of the road and all road users there. Tell weather, \
lighting and the state of the road in the keys of these names. Answer with a JSON object only."""


class ClipCaption(Record):
    """What the model answers."""

    scenery: str = Field(max_length=2000)
    weather: str = Field(max_length=400)
    lighting: str = Field(max_length=400)
    road_state: str = Field(max_length=400)


def scenery_of(
    vlm: TextAsker, scenario: StoredScenario, facts: SceneFacts, vocabulary: Vocabulary, seed: int
) -> tuple[str, ModelUse]:
    """Return what a model tells of a clip's scenery, empty where it is not usable, and how it went.

    ModelUnavailable and InputError as ``TextAsker.text`` raises them.
    """
    assert facts.camera is not None
    told = {"facts": facts_for_models(facts)}
    parts: list[Message] = [{"type": "text", "text": json.dumps(told, ensure_ascii=False)}]
    parts += _images(scenario, facts.camera)
    messages: list[Message] = [
        {"role": "system", "content": _SYSTEM},
        {"role": "user", "content": parts},
    ]

    def faults_of(scenery: str) -> list[str]:
        faults = prose_faults(scenery, _LEAST_WORDS, _MOST_WORDS)
        faults += [f"it tells of {one}" for one in said_conditions(scenery, vocabulary)]
        return faults + fact_contradictions(scenery, facts)

    scenery, use = vlm.text(messages, ClipCaption, lambda x: x.scenery, faults_of, seed)
    return scenery or "", use


def _images(scenario: StoredScenario, camera: str) -> Iterator[Message]:
    """Yield up to eight images of a clip, evenly spread, as parts of a message."""
    last = scenario.truth.frames - 1
    count = min(_IMAGES, last + 1)
    numbers = sorted({round(part * last / max(count - 1, 1)) for part in range(count)})
    for number in numbers:
        data = scenario.image_path(camera, "rgb", number).read_bytes()
        url = f"data:image/jpeg;base64,{base64.b64encode(data).decode('ascii')}"
        yield {"type": "image_url", "image_url": {"url": url}}
