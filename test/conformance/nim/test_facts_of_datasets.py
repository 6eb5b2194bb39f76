"""The client of `dataset augment` against the embedded NIM: texts hold to facts of data sets."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scripted_dataset import BLUE, EGO, RED, Part, write_scripted

from carla_nurec_bridge.cosmos.jobs.protocols.http import RetryPolicy
from carla_nurec_bridge.dataset.augment.models.chat import ChatModel
from carla_nurec_bridge.dataset.augment.models.endpoint import endpoint_of
from carla_nurec_bridge.dataset.augment.plan import PlanOptions
from carla_nurec_bridge.dataset.augment.prompts.asking import TextAsker
from carla_nurec_bridge.dataset.augment.prompts.captioning import scenery_of
from carla_nurec_bridge.dataset.augment.prompts.compose import compose
from carla_nurec_bridge.dataset.augment.prompts.contradictions import contradictions
from carla_nurec_bridge.dataset.augment.prompts.rewriting import rewritten
from carla_nurec_bridge.dataset.augment.prompts.templates import read_templates
from carla_nurec_bridge.dataset.facts import facts_of_camera
from carla_nurec_bridge.world.object_classes import ObjectClass

CAST = (
    EGO,
    Part(2, paint=RED),
    Part(3, paint=RED, at=(30.0, 3.5)),
    Part(4, ObjectClass.TRUCK, paint=BLUE, at=(40.0, 3.5), mps=(0.0, 0.0)),
    Part(5, ObjectClass.PEDESTRIAN, mps=(0.0, 1.0)),
)
CONDITIONS = (
    {"weather": "raining", "lighting": "night", "road": "puddles"},
    {"weather": "fog", "lighting": "twilight", "road": "wet"},
    {"weather": "clear_sky", "lighting": "afternoon", "road": "dry"},
)
QUICK = RetryPolicy(retries=3, initial_s=0.01, cap_s=0.05, jitter_s=0.01)


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    dataset = write_scripted(tmp_path_factory.mktemp("nim") / "run", CAST)
    return dataset.scenarios()[0]


@pytest.fixture(scope="module")
def facts(scenario):
    return facts_of_camera(scenario, "front")


def asker(url: str, kind: str = "LLM", *, stream: bool = False) -> TextAsker:
    endpoint = endpoint_of(kind, {f"{kind}_ENDPOINT_URL": url}, timeout_s=30.0, deadline_s=60.0)
    sampling = replace(endpoint.sampling, stream=stream)
    return TextAsker(ChatModel(replace(endpoint, sampling=sampling), QUICK))


def rewrite(llm: TextAsker, facts, number: int = 0):
    vocabulary = PlanOptions().vocabulary()
    conditions = {name: CONDITIONS[number][name] for name in ("weather", "lighting", "road")}
    composed = compose(facts, conditions, vocabulary, read_templates(None), seed=number)
    text, use = rewritten(llm, composed, facts, conditions, vocabulary, seed=number)
    if text is not None:
        assert contradictions(text, facts, conditions, vocabulary) == []
        assert all(clause in text for clause in composed.clauses.values())
    return text, use


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("number", range(len(CONDITIONS)))
def test_rewrites_hold_to_conditions_and_facts(url, facts, number, stream):
    text, use = rewrite(asker(url, stream=stream), facts, number)
    assert "two red cars" in text
    assert "one blue truck" in text
    assert (use.requests, use.faults) == (1, ())
    assert use.answered_by == "carla-nurec/scene-facts"


def test_captions_are_asked_with_images_and_facts(url, scenario, facts):
    text, use = scenery_of(asker(url, "VLM"), scenario, facts, PlanOptions().vocabulary(), seed=3)
    assert use.faults == ()
    assert "two red cars" in text


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", ["server-error:2", "cut-stream:1", "rate-limit:1"])
def test_what_passes_is_tried_again(serve, facts, fault, stream):
    text, use = rewrite(asker(serve(fault).url, stream=stream), facts)
    assert text is not None
    assert use.requests == 1 + int(fault[-1])


@pytest.mark.parametrize("stream", [False, True])
def test_prose_round_the_json_does_no_harm(serve, facts, stream):
    text, use = rewrite(asker(serve("prose").url, stream=stream), facts)
    assert (text is not None, use.requests) == (True, 1)


@pytest.mark.parametrize("fault", ["refusal", "wrong-language"])
def test_what_cannot_be_used_is_asked_once_more_and_then_left(serve, facts, fault):
    text, use = rewrite(asker(serve(f"{fault}:1").url), facts)
    assert (text is not None, use.requests) == (True, 2)
    text, use = rewrite(asker(serve(fault).url), facts)
    assert text is None
    assert use.requests == 2
    assert use.faults
