"""Prompts and captions by models: used where they are true, and told where they are not."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest
from fault_endpoint import cut, fails, fault_server, says
from scripted_dataset import BLUE, EGO, RED, Part, write_scripted

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.machine.ports import free_port
from carla_nurec_bridge.dataset.augment.models.chat import ChatModel
from carla_nurec_bridge.dataset.augment.models.endpoint import endpoint_of
from carla_nurec_bridge.dataset.augment.models.failures import ModelUnavailable
from carla_nurec_bridge.dataset.augment.plan import PlanOptions, plan_variants
from carla_nurec_bridge.dataset.augment.variant_plan import WrittenPrompt
from carla_nurec_bridge.world.object_classes import ObjectClass

CAST = (EGO, Part(2, paint=RED), Part(3, ObjectClass.BUS, paint=BLUE, at=(30.0, 3.5)))
ONLY = {
    "weather": ("raining",),
    "lighting": ("night",),
    "road": ("wet", "puddles"),
    "season": ("autumn",),
    "place": ("as_recorded",),
}
SCENE = (
    "On an autumn night a moving car follows its road between high buildings. One red car drives "
    "ahead and a blue bus comes along beside it. Rain runs over the windows, the wet asphalt has "
    "puddles on it, and the lamps of the houses are mirrored in them."
)
PUDDLES = SCENE.replace("wet asphalt has", "asphalt of the road has")
WET = SCENE.replace("has puddles on it, and", "is dark, and")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return write_scripted(tmp_path_factory.mktemp("writing") / "run", CAST)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    from carla_nurec_bridge.cosmos.jobs.protocols.http import RetryPolicy
    from carla_nurec_bridge.dataset.augment.models import chat

    policy = RetryPolicy(retries=2, initial_s=0.01, cap_s=0.02, jitter_s=0.01)
    monkeypatch.setattr(chat, "ChatModel", lambda endpoint: ChatModel(endpoint, policy))


def options(*, llm=None, vlm=None, **more) -> PlanOptions:
    endpoints = {
        kind.lower(): endpoint_of(kind, {}, url=server.url, model="fake-1", deadline_s=100.0)
        for kind, server in (("LLM", llm), ("VLM", vlm))
        if server is not None
    }
    return PlanOptions(only=ONLY, parallel=1, **endpoints, **more)


def prompt(text: str):
    return says(json.dumps({"prompt": text}))


def fitting(handler, body) -> None:
    """Write what is asked for: the road is wet, or has puddles."""
    clauses = json.loads(body["messages"][1]["content"])["conditions"]
    prompt(PUDDLES if "uddles" in clauses["road"] else WET)(handler, body)


def test_a_true_prompt_of_a_model_is_used_and_told(dataset):
    with fault_server(fitting) as server:
        plans = plan_variants(dataset, options(llm=server, variants=2))
        asked = [json.loads(body["messages"][1]["content"]) for body in server.bodies()]
    assert {one.prompt for one in plans} == {PUDDLES, WET}
    for plan, body in zip(plans, server.bodies(), strict=True):
        told = plan.provenance
        assert told.written_by == "llm"
        use = told.rewriting
        assert (use.model, use.answered_by, use.requests, use.faults) == ("fake-1", "fake-1", 1, ())
        assert use.seed == body["seed"]
        assert use.temperature == body["temperature"] == 0.8
        assert use.url == server.url
    assert plans[0].provenance.rewriting.seed != plans[1].provenance.rewriting.seed
    for given in asked:
        assert given["facts"]["counts"]["car"]["total"] == 1
        assert "it is night" in given["conditions"]["lighting"]
        assert "conditions" not in given["facts"], "the recording's own weather would mislead"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (PUDDLES.replace("night", "noon"), "lighting night is not in the text"),
        (f"{PUDDLES} It is a sunny place.", "'sunny' contradicts lighting night"),
        (PUDDLES.replace("One red car", "Three red cars"), "'three red cars': there are 1"),
        (PUDDLES.replace("blue bus", "green bus"), "'green bus': their colours are blue"),
        ("Eine Straße bei Nacht im Herbst mit einem Bus und Regen und Pfützen überall.", "English"),
        ("I'm sorry, but I can't help with that request.", "refusal"),
    ],
)
def test_an_untrue_prompt_is_asked_again_then_the_template_is_used(dataset, text, fault):
    only = {**ONLY, "road": ("puddles",)}
    alone = plan_variants(dataset, PlanOptions(only=only))[0].prompt
    with fault_server(prompt(text)) as server:
        (plan,) = plan_variants(dataset, replace(options(llm=server), only=only))
        seeds = [body["seed"] for body in server.bodies()]
    assert plan.prompt == alone
    assert plan.provenance.written_by == "template"
    assert any(fault in one for one in plan.provenance.rewriting.faults)
    assert plan.provenance.rewriting.requests == 2
    assert len(set(seeds)) == 2
    assert text in plan.provenance.rewriting.text.encode().decode("unicode_escape") or text in str(
        json.loads(plan.provenance.rewriting.text)
    )


def test_a_second_answer_may_be_the_good_one(dataset):
    only = {**ONLY, "road": ("puddles",)}
    bad = [says("no JSON at all"), prompt("{} braces {0} in a {caption}")]
    for first in bad:
        with fault_server(first, prompt(PUDDLES)) as server:
            (plan,) = plan_variants(dataset, replace(options(llm=server), only=only))
        assert (plan.prompt, plan.provenance.rewriting.faults) == (PUDDLES, ())


def test_a_model_that_never_answers_ends_it_with_a_sentence(dataset):
    gone = endpoint_of("LLM", {}, url=f"http://127.0.0.1:{free_port()}", model="m")
    with pytest.raises(ModelUnavailable, match="the LLM at .* did not answer"):
        plan_variants(dataset, PlanOptions(only=ONLY, llm=gone))


def test_a_model_that_stops_answering_costs_only_its_own_prompts(dataset):
    with fault_server(fitting, cut) as server:
        first, second = plan_variants(dataset, options(llm=server, variants=2))
        asked = len(server.requests)
    assert first.provenance.written_by == "llm"
    assert second.provenance.written_by == "template"
    assert "did not answer" in second.provenance.rewriting.faults[0]
    assert asked == 1 + 3


def test_a_refused_key_is_told_at_once(dataset):
    with (
        fault_server(fails(401, "wrong key")) as server,
        pytest.raises(InputError, match="set BUILD_NVIDIA_API_KEY"),
    ):
        plan_variants(dataset, options(llm=server))


def test_a_variant_that_is_there_keeps_its_prompt_and_nobody_is_asked(dataset):
    key = ("one", "front", 1)
    with fault_server(fitting) as server:
        (first,) = plan_variants(dataset, options(llm=server))
        there = {
            "taken": {key: first.conditions},
            "written": {key: WrittenPrompt(prompt=first.prompt, provenance=first.provenance)},
        }
        before = len(server.requests)
        assert plan_variants(dataset, options(llm=server, **there)) == [first]
        assert len(server.requests) == before
        kept, new = plan_variants(dataset, options(llm=server, variants=2, **there))
        assert (kept, len(server.requests)) == (first, before + 1)
        assert new.conditions != first.conditions
        (other,) = plan_variants(dataset, options(llm=server, seed=5, **there))
        assert other.provenance.run_seed == 5
    (alone,) = plan_variants(dataset, replace(options(**there), llm=None))
    assert alone.provenance.written_by == "template", "the model is no longer asked for"


CAPTION = {
    "scenery": "Tall grey buildings of stone stand along the road, with a low wall before them.",
    "weather": "sunny",
    "lighting": "noon",
    "road_state": "dry",
}


def test_scenery_of_a_vision_model_comes_into_the_prompts_of_a_clip(dataset):
    with fault_server(says(json.dumps(CAPTION))) as server:
        plans = plan_variants(dataset, options(vlm=server, variants=2))
        (body,) = server.bodies()
    assert all(CAPTION["scenery"] in one.prompt for one in plans)
    assert "sunny" not in plans[0].prompt
    assert plans[0].provenance.caption == plans[1].provenance.caption
    text, *images = body["messages"][1]["content"]
    assert json.loads(text["text"])["facts"]["counts"]["bus"]["total"] == 1
    assert len(images) == 8
    data = images[0]["image_url"]["url"].removeprefix("data:image/jpeg;base64,")
    assert base64.b64decode(data)[:2] == b"\xff\xd8"


@pytest.mark.parametrize(
    ("scenery", "fault"),
    [
        ("Trees in warm golden hour light stand by the road.", "it tells of lighting: golden hour"),
        ("Twelve trucks stand by the walls of the road.", "there are 0"),
        ("Hohe graue Häuser stehen an der Straße.", "English"),
    ],
)
def test_scenery_that_is_not_usable_is_left_out_and_told(dataset, scenery, fault):
    with fault_server(says(json.dumps({**CAPTION, "scenery": scenery}))) as server:
        (plan,) = plan_variants(dataset, options(vlm=server))
    assert scenery not in plan.prompt
    assert any(fault in one for one in plan.provenance.caption.faults)


def test_many_at_once_come_in_their_order(dataset):
    with fault_server(fitting) as server:
        at_once = replace(options(llm=server, variants=2), parallel=4)
        plans = plan_variants(dataset, at_once)
        assert [one.number for one in plans] == [1, 2]
        assert plans == plan_variants(dataset, options(llm=server, variants=2))
