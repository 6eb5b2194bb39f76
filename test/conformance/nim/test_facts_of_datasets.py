"""Facts of a real data set, asked for as `dataset augment` does: the answers hold to them."""

from __future__ import annotations

import json

import pytest
from nim_client import ask
from scripted_dataset import BLUE, EGO, RED, Part, write_scripted

from carla_nurec_bridge.dataset.augment.plan import PlanOptions, plan_variants
from carla_nurec_bridge.dataset.augment.prompts.contradictions import contradictions
from carla_nurec_bridge.dataset.facts import facts_of_camera
from carla_nurec_bridge.world.object_classes import ObjectClass

CAST = (
    EGO,
    Part(2, paint=RED),
    Part(3, paint=RED, at=(30.0, 3.5)),
    Part(4, ObjectClass.TRUCK, paint=BLUE, at=(40.0, 3.5), mps=(0.0, 0.0)),
    Part(5, ObjectClass.PEDESTRIAN, mps=(0.0, 1.0)),
)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return write_scripted(tmp_path_factory.mktemp("nim") / "run", CAST)


def form(*names: str) -> dict:
    schema = {
        "type": "object",
        "properties": {name: {"type": "string", "maxLength": 4000} for name in names},
        "required": list(names),
        "additionalProperties": False,
    }
    return {"type": "json_schema", "json_schema": {"name": "it", "strict": True, "schema": schema}}


def test_rewrites_contradict_neither_conditions_nor_facts(client, dataset):
    options = PlanOptions(variants=6)
    vocabulary = options.vocabulary()
    for plan in plan_variants(dataset, options):
        facts = facts_of_camera(dataset.scenario(plan.scenario), plan.camera)
        clauses = {name: vocabulary.text_of(name, plan.conditions) for name in plan.conditions}
        clauses = {name: clause for name, clause in clauses.items() if clause}
        given = {"description": plan.prompt, "conditions": clauses, "facts": facts.to_json()}
        answer = ask(client, json.dumps(given), response_format=form("prompt"))
        text = json.loads(answer.choices[0].message.content)["prompt"]
        assert contradictions(text, facts, plan.conditions, vocabulary) == []
        assert all(clause in text for clause in clauses.values())
        assert "two red cars" in text
        assert "blue truck" in text


def test_a_caption_says_what_the_facts_leave_out(client, dataset):
    facts = facts_of_camera(dataset.scenarios()[0], "front").to_json()
    del facts["conditions"]
    names = ("scenery", "weather", "lighting", "road_state")
    answer = ask(client, json.dumps({"facts": facts}), response_format=form(*names))
    caption = json.loads(answer.choices[0].message.content)
    assert "two red cars" in caption["scenery"]
    assert {caption[name] for name in names[1:]} == {"not told by the facts"}
