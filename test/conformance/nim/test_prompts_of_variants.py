"""Prompts of variants, captioned and rewritten by the embedded NIM, with its faults on the way."""

from __future__ import annotations

import pytest
from scripted_dataset import BLUE, EGO, RED, Part, write_scripted

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.cosmos.jobs.protocols.http import RetryPolicy
from carla_nurec_bridge.dataset.augment.models import chat
from carla_nurec_bridge.dataset.augment.models.chat import ChatModel
from carla_nurec_bridge.dataset.augment.models.endpoint import endpoint_of
from carla_nurec_bridge.dataset.augment.plan import PlanOptions, plan_variants
from carla_nurec_bridge.world.object_classes import ObjectClass

CAST = (
    EGO,
    Part(2, paint=RED),
    Part(3, paint=RED, at=(30.0, 3.5)),
    Part(4, ObjectClass.BUS, paint=BLUE, at=(50.0, 3.5), mps=(0.0, 0.0)),
)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return write_scripted(tmp_path_factory.mktemp("nim") / "run", CAST, scenarios=("a", "b"))


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    policy = RetryPolicy(retries=3, initial_s=0.01, cap_s=0.05, jitter_s=0.01)
    monkeypatch.setattr(chat, "ChatModel", lambda endpoint: ChatModel(endpoint, policy))


def planned(dataset, server, **environment):
    told = {
        "LLM_ENDPOINT_URL": server.url,
        "VLM_ENDPOINT_URL": server.url,
        "VLM_MODEL": "carla-nurec/scene-facts",
        **environment,
    }
    endpoints = {kind.lower(): endpoint_of(kind, told) for kind in ("LLM", "VLM")}
    return plan_variants(dataset, PlanOptions(variants=2, **endpoints))


def test_prompts_are_the_models_and_hold_to_facts_and_conditions(dataset, serve):
    plans = planned(dataset, serve())
    assert [plan.provenance.written_by for plan in plans] == ["llm"] * 4
    assert len({plan.prompt for plan in plans}) == 4
    for plan in plans:
        for clause in plan.provenance.clauses.values():
            assert clause in plan.prompt
        assert "two red cars" in plan.prompt.lower()
        assert plan.provenance.rewriting.answered_by == "carla-nurec/scene-facts"


@pytest.mark.parametrize(
    "faults", [["rate-limit:3"], ["server-error:2"], ["cut-stream:2"], ["prose:2"]]
)
def test_faults_that_pass_cost_no_prompt(dataset, serve, faults):
    plans = planned(dataset, serve(*faults))
    assert {plan.provenance.written_by for plan in plans} == {"llm"}
    assert all(plan.provenance.caption.faults == () for plan in plans)


@pytest.mark.parametrize(
    ("fault", "why"), [("refusal", "refused: "), ("wrong-language", "English")]
)
def test_answers_that_are_never_good_leave_the_templates(dataset, serve, fault, why):
    plans = planned(dataset, serve(fault))
    assert {plan.provenance.written_by for plan in plans} == {"template"}
    assert all(any(why in x for x in plan.provenance.rewriting.faults) for plan in plans)
    alone = plan_variants(dataset, PlanOptions(variants=2))
    assert [plan.prompt for plan in plans] == [plan.prompt for plan in alone]


def test_a_model_that_is_not_served_is_told(dataset, serve):
    with pytest.raises(InputError, match="has no model nobody"):
        planned(dataset, serve(), LLM_MODEL="nobody")
