"""The checker: what a text claims, against the conditions asked for and the facts of the clip."""

from __future__ import annotations

import pytest
from scripted_dataset import BLUE, EGO, RED, Part, write_scripted

from carla_nurec_bridge.dataset.augment.conditions import read_vocabulary
from carla_nurec_bridge.dataset.augment.prompts import compose, contradictions, read_templates
from carla_nurec_bridge.dataset.augment.prompts.contradictions import fact_contradictions
from carla_nurec_bridge.dataset.augment.prompts.omissions import omissions
from carla_nurec_bridge.dataset.augment.prompts.prose import prose_faults
from carla_nurec_bridge.dataset.augment.prompts.templates import filled
from carla_nurec_bridge.dataset.facts import facts_of_camera
from carla_nurec_bridge.world.object_classes import ObjectClass

CAST = (
    EGO,
    Part(2, paint=RED),
    Part(3, paint=RED, at=(30.0, 3.5)),
    Part(4, ObjectClass.BUS, paint=BLUE, at=(60.0, 3.5), mps=(0.0, 0.0)),
    Part(5, ObjectClass.PEDESTRIAN, mps=(0.0, 1.0)),
)
NIGHT = {
    "weather": "clear_sky",
    "lighting": "night",
    "road": "dry",
    "season": "summer",
    "place": "as_recorded",
}
VOCABULARY = read_vocabulary()
GOOD = "It is a summer night under a clear sky, and the dry road is empty of snow."


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    run = tmp_path_factory.mktemp("contradictions") / "run"
    return facts_of_camera(write_scripted(run, CAST).scenario("one"), "front")


def test_a_text_that_holds_to_everything_has_none(facts):
    text = f"{GOOD} Two red cars pass a blue bus, and a pedestrian waits."
    assert contradictions(text, facts, NIGHT, VOCABULARY) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD.replace("night", "evening"), "lighting night is not in the text"),
        (GOOD.replace("clear sky", "sky"), "weather clear_sky is not in the text"),
        (GOOD.replace("summer ", ""), "season summer is not in the text"),
        (f"{GOOD} It was sunny.", "'sunny' contradicts lighting night"),
        (f"{GOOD} Golden hour light.", "'Golden hour' contradicts lighting night"),
        (f"{GOOD} Rain falls.", "'Rain' contradicts weather clear_sky"),
        (f"{GOOD} Puddles shine.", "'Puddles' contradicts road dry"),
        (f"{GOOD} A wintry street.", "'wintry' contradicts season summer"),
    ],
)
def test_conditions_that_are_lost_or_denied_are_named(facts, text, words):
    assert words in contradictions(text, facts, NIGHT, VOCABULARY)


@pytest.mark.parametrize(
    "text",
    [
        f"{GOOD} There is no rain.",
        f"{GOOD} Nothing moves, without any rain.",
        f"{GOOD} It is never foggy here.",
    ],
)
def test_what_is_negated_contradicts_nothing(facts, text):
    assert contradictions(text, facts, NIGHT, VOCABULARY) == []


@pytest.mark.parametrize(
    "text",
    [
        "Three cars pass.",
        "3 red cars pass.",
        "Several vans wait.",
        "A truck passes.",
        "Trucks pass.",
        "Cyclists ride by.",
        "A blue car passes.",
        "A red bus stops.",
        "Five vehicles drive by.",
        "No cars are near.",
        "The street is deserted.",
        "The cars crash into each other.",
        "It is nearly dark, and the cars crash into each other.",
        "Two pedestrians cross.",
        "A crowd gathers and dozens of people watch.",
        "A white car passes by.",
    ],
)
def test_numbers_kinds_colours_and_events_that_are_not_so_are_named(facts, text):
    assert fact_contradictions(text, facts)


@pytest.mark.parametrize(
    "text",
    [
        "Two cars pass a bus.",
        "A red car follows another red car.",
        "One of the cars turns left.",
        "The camera of a car in motion shows a bus lane and a bike path.",
        "The video is filmed from a moving car. A pedestrian crossing lies ahead of the bus.",
        "A truck stop lies by the road; no trucks are there.",
        "Three lanes lead to the bus, and two red cars use them.",
        "A car is on the road with two lanes between buildings.",
        "The three vehicles go on.",
        "The bus's windows are bright.",
        "Two cars nearly collide, and the bus almost runs a red light.",
    ],
)
def test_true_sentences_are_not(facts, text):
    assert fact_contradictions(text, facts) == []


def test_a_camera_that_nobody_carries_is_on_no_car(tmp_path):
    cast = (Part(2, ObjectClass.BUS, paint=RED),)
    fixed = facts_of_camera(write_scripted(tmp_path / "run", cast).scenario("one"), "front")
    assert fact_contradictions("A camera looks down on a passing car.", fixed)
    assert fact_contradictions("The car with the camera waits.", fixed)
    assert not fact_contradictions("A camera looks down on a bus.", fixed)


def test_a_colour_that_nobody_told_contradicts_nothing(tmp_path):
    cast = (EGO, Part(2, paint=RED), Part(3, at=(30.0, 3.5)))
    facts = facts_of_camera(write_scripted(tmp_path / "run", cast).scenario("one"), "front")
    assert fact_contradictions("A blue car passes.", facts) == []


def test_another_layout_is_named(facts):
    place = facts.place.model_copy(update={"layout": "straight_road"})
    told = facts.model_copy(update={"place": place})
    assert fact_contradictions("Cars wait at an intersection.", told)
    assert not fact_contradictions("Cars wait on a straight road before an intersection.", told)
    assert not fact_contradictions("Cars wait at an intersection.", facts)


def test_every_combination_of_conditions_makes_a_true_prompt(facts):
    templates = read_templates()
    wrong = []
    for number, one in enumerate(VOCABULARY.combinations[::7]):
        text = compose(facts, one, VOCABULARY, templates, number).text
        wrong += contradictions(text, facts, one, VOCABULARY)
        assert "_" not in text
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Zwei rote Autos fahren bei Nacht auf der trockenen Straße an Häusern vorbei.", "English"),
        (
            "Deux voitures rouges passent devant les immeubles sur une route sèche la nuit.",
            "English",
        ),
        ("I'm sorry, but I can't help with that request in the way that you want.", "refusal"),
        ("**A road** at night in the city with cars on it and a bus by the side.", "plain text"),
        ('{"prompt": "A road at night in the city with cars on it and a bus"}', "plain text"),
        ("A road.", "has 2 words"),
    ],
)
def test_what_is_no_english_prose_is_named(text, fault):
    assert any(fault in one for one in prose_faults(text, 5, 100))


def test_english_prose_is_none_of_these():
    text = "At night, two red cars pass a bus on a dry road between tall buildings in the city."
    assert prose_faults(text, 5, 100) == []


def test_a_wording_is_filled_once_and_other_braces_stay():
    assert filled("{who} and {x} {}", {"who": "{what}", "what": "no"}) == "{what} and {x} {}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A red car and a pedestrian.", ["of 2 cars it tells 1", "of 1 bus it tells 0"]),
        ("Two cars, a walker and a bus.", []),
        ("A red car follows another red car, a blue bus stands, and a person waits.", []),
        ("Cars pass the bus and some people.", []),
        ("One of the two red cars passes the bus and a pedestrian.", []),
        ("The traffic is dense round one pedestrian.", []),
        ("One car, one bus and one pedestrian.", ["of 2 cars it tells 1"]),
        ("Two cars drive on a road without a bus lane.", ["of 1 bus it tells 0"]),
    ],
)
def test_road_users_that_a_text_leaves_out_are_counted(facts, text, words):
    found = list(omissions(text, facts))
    assert [one for one in found if "pedestrian" not in one] == words
    assert any("pedestrian" in one for one in found) == ("bus lane" in text)
