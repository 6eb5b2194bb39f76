"""Plans of variants: each its own conditions, prompt and seed, the same again every time."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace

import pytest
from scripted_dataset import BLUE, DT_NS, EGO, RED, T0_NS, Part, write_scripted

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.resources import config_path
from carla_nurec_bridge.dataset.augment.plan import PlanOptions, plan_variants
from carla_nurec_bridge.dataset.augment.prompts.scene_words import what_words
from carla_nurec_bridge.dataset.facts import Manoeuvre, ManoeuvreKind, facts_of_camera
from carla_nurec_bridge.dataset.store import Dataset
from carla_nurec_bridge.dataset.truth import Event, EventKind
from carla_nurec_bridge.world.object_classes import ObjectClass

CAST = (
    EGO,
    Part(2, paint=RED),
    Part(3, paint=RED, at=(30.0, 3.5)),
    Part(4, ObjectClass.TRUCK, paint=BLUE, at=(40.0, 3.5), mps=(0.0, 0.0)),
    Part(5, ObjectClass.PEDESTRIAN, mps=(0.0, 1.0)),
    Part(6, ObjectClass.TRAFFIC_SIGN, mps=(0.0, 0.0)),
)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    run = tmp_path_factory.mktemp("plan") / "run"
    return write_scripted(run, CAST, scenarios=("a", "b"), cameras=("front", "left"))


def test_every_variant_has_conditions_and_seeds_of_its_own(dataset):
    plans = plan_variants(dataset, PlanOptions(variants=3))
    keys = [(one.scenario, one.camera, one.number) for one in plans]
    assert keys == [(s, c, n) for s in "ab" for c in ("front", "left") for n in (1, 2, 3)]
    assert len({str(one.conditions) for one in plans}) == 12
    assert len({one.seed for one in plans}) == 12
    assert len({one.prompt for one in plans}) == 12


def test_the_same_run_is_planned_the_same_and_another_seed_otherwise(dataset):
    first = plan_variants(dataset, PlanOptions(variants=2))
    assert plan_variants(dataset, PlanOptions(variants=2)) == first
    other = plan_variants(dataset, PlanOptions(variants=2, seed=9))
    assert [one.conditions for one in other] != [one.conditions for one in first]
    assert not {one.seed for one in other} & {one.seed for one in first}


def test_more_variants_leave_the_earlier_ones_as_they_are(dataset):
    few = plan_variants(dataset, PlanOptions(variants=2))
    more = {
        (one.scenario, one.camera, one.number): one
        for one in plan_variants(dataset, PlanOptions(variants=4))
    }
    assert all(more[one.scenario, one.camera, one.number] == one for one in few)


def test_what_is_there_keeps_its_conditions_whatever_is_added(dataset):
    alone = plan_variants(dataset, PlanOptions(scenarios=("b",), variants=2))
    taken = {(one.scenario, one.camera, one.number): one.conditions for one in alone}
    both = plan_variants(dataset, PlanOptions(variants=2, taken=taken))
    assert [one for one in both if one.scenario == "b"] == alone
    assert len({str(one.conditions) for one in both}) == 8


def test_prompts_are_composed_of_facts_and_written_out_conditions(dataset):
    only = {
        "weather": ("clear_sky",),
        "lighting": ("golden_hour",),
        "road": ("dry",),
        "season": ("summer",),
        "place": ("as_recorded",),
    }
    (plan,) = plan_variants(dataset, PlanOptions(scenarios=("a",), cameras=("front",), only=only))
    assert plan.conditions == {name: value for name, (value,) in only.items()}
    text = plan.prompt
    assert "two red cars, a blue truck and a pedestrian" in text.lower()
    assert "sign" not in text, "that is no road user"
    assert "moving car" in text
    assert "between buildings" in text
    for clause in ("golden hour", "sky is clear", "road is dry", "summer"):
        assert clause in text
    assert "_" not in text
    assert "{" not in text
    told = plan.provenance
    assert (told.written_by, told.run_seed, told.caption, told.rewriting) == (
        "template",
        1,
        None,
        None,
    )
    assert set(told.clauses) == {"weather", "lighting", "road", "season"}
    assert told.scene in text
    assert any("map is not known" in note for note in told.facts_notes)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (PlanOptions(scenarios=("c",)), "no scenario c"),
        (PlanOptions(cameras=("rear",)), "has no camera rear; there are: front, left"),
        (PlanOptions(variants=0), "0 variants a clip"),
        (PlanOptions(only={"road": ("ice",)}), "road has no value ice"),
        (PlanOptions(negative_prompt="puddles"), "names what shows road puddles"),
        (
            PlanOptions(
                variants=2,
                only={
                    n: (v,)
                    for n, v in (
                        ("weather", "fog"),
                        ("lighting", "night"),
                        ("road", "wet"),
                        ("season", "autumn"),
                        ("place", "as_recorded"),
                    )
                },
            ),
            "there are 1 different conditions for it",
        ),
    ],
)
def test_what_cannot_be_planned_is_one_sentence(dataset, options, words):
    with pytest.raises(InputError, match=words):
        plan_variants(dataset, options)


def test_a_map_that_is_another_is_told(dataset, tmp_path):
    with pytest.raises(InputError, match="another map"):
        plan_variants(dataset, PlanOptions(maps=(config_path("maps", "demo_town.xodr"),)))


def test_braces_in_wordings_are_harmless_and_untrue_wordings_are_refused(dataset, tmp_path):
    shipped = config_path("augment", "prompts.yaml").read_text()
    braces = tmp_path / "braces.yaml"
    braces.write_text(
        shipped.replace("- Sharp, steady", "- Sharp {} {0} {who!r} {nobody_knows}, steady")
    )
    prompts = [
        one.prompt for one in plan_variants(dataset, PlanOptions(variants=4, templates=braces))
    ]
    assert any("Sharp {} {0} {who!r} {nobody_knows}, steady" in text for text in prompts)
    untrue = tmp_path / "untrue.yaml"
    untrue.write_text(
        shipped.replace("- The footage is life", "- Nine buses pass. The footage is life")
    )
    with pytest.raises(InputError, match="'nine buses': there are 0"):
        plan_variants(dataset, PlanOptions(variants=4, templates=untrue))


def _event(kind: EventKind, *track_ids: int) -> Event:
    return Event(
        event_id=f"{kind}_001",
        kind=kind,
        start_ns=T0_NS + 2 * DT_NS,
        end_ns=T0_NS + 9 * DT_NS,
        track_ids=track_ids,
        place_map_m=(0.0, 0.0, 0.0),
        evidence={},
    )


def test_prompts_tell_events_of_those_only_who_are_all_seen(tmp_path):
    cast = (EGO, Part(2, paint=RED), Part(3, ObjectClass.TRUCK, paint=BLUE, seen=(40, 50)))
    events = (_event(EventKind.NEAR_MISS, 2, 3), _event(EventKind.CUT_IN, 2, 1))
    dataset = write_scripted(tmp_path / "run", cast, events=events)
    (plan,) = plan_variants(dataset, PlanOptions())
    assert "truck" not in plan.prompt
    assert "The red car cuts in closely ahead of the car with the camera" in plan.prompt


def test_what_an_event_tells_is_not_told_again(tmp_path):
    at_walk = Part(2, ObjectClass.PEDESTRIAN, at=(20.0, -6.0), mps=(0.0, 5.0))
    events = (_event(EventKind.JAYWALKING, 2),)
    dataset = write_scripted(tmp_path / "run", (EGO, at_walk), events=events)
    facts = facts_of_camera(dataset.scenario("one"), "front")
    crossing = Manoeuvre(
        kind=ManoeuvreKind.CROSSING_ROAD,
        track_id=2,
        span=facts.span,
        other_track_id=None,
        figures={},
    )
    told = what_words(facts.model_copy(update={"manoeuvres": (crossing,)}))
    assert told == "the pedestrian walks on the road away from any crossing"
    alone = facts.model_copy(update={"manoeuvres": (crossing,), "events": ()})
    assert what_words(alone) == "the pedestrian crosses the road"


def test_a_camera_on_a_truck_is_on_no_car(tmp_path):
    cast = (replace(EGO, kind=ObjectClass.TRUCK), Part(2, ObjectClass.BUS, paint=BLUE))
    events = (_event(EventKind.CUT_IN, 2, 1),)
    dataset = write_scripted(tmp_path / "run", cast, events=events)
    (plan,) = plan_variants(dataset, PlanOptions())
    assert "the truck with the camera" in plan.prompt
    assert not re.search(r"\bcar\b", plan.prompt)


def test_a_camera_that_only_some_scenarios_have_is_taken_where_it_is(dataset, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(dataset.path, run)
    truth = json.loads((run / "a" / "scenario.json").read_text())
    truth["cameras"] = ["front"]
    (run / "a" / "scenario.json").write_text(json.dumps(truth))
    plans = plan_variants(Dataset(run), PlanOptions(cameras=("left",)))
    assert [(one.scenario, one.camera) for one in plans] == [("b", "left")]
