"""Conditions: what may be drawn together, how draws spread, files that change the vocabulary."""

from __future__ import annotations

import hashlib
import json
from collections import Counter

import pytest
import yaml

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.dataset.augment.conditions import (
    ConditionSampler,
    coverage_of,
    derived_seed,
    read_vocabulary,
    restricted,
)
from carla_nurec_bridge.dataset.augment.conditions.phrases import is_said, phrase_problem
from carla_nurec_bridge.dataset.facts import PlaceFacts

PIPELINE = {
    "weather": ["clear_sky", "overcast", "snow_falling", "raining", "fog"],
    "lighting": "sunrise sunset twilight mid_morning afternoon zenith golden_hour blue_hour".split()
    + ["night"],
    "road": ["dry", "snow", "sand", "puddles", "flooding"],
}
"""The values of template_generation.variables in the smart-city pipeline 0.1.0."""
VOCABULARY = read_vocabulary()


def place(setting: str | None = "built_up") -> PlaceFacts:
    return PlaceFacts(
        map_name="",
        layout=None,
        driving_lanes=None,
        traffic_lights=None,
        crossing=None,
        setting=setting,
        surfaces={},
    )


def drawn(clips: int, variants: int, vocabulary=VOCABULARY, seed=1) -> dict:
    sampler = ConditionSampler(vocabulary)
    return {
        (clip, number): sampler.draw(
            (f"s{clip}", "front"), place(), derived_seed(seed, clip, number)
        )
        for number in range(variants)
        for clip in range(clips)
    }


def test_it_has_all_values_of_the_pipeline_and_each_can_be_drawn():
    for category, values in PIPELINE.items():
        assert set(values) <= set(VOCABULARY.categories[category])
    assert VOCABULARY.never_drawn() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"weather": "clear_sky", "road": "flooding"},
        {"weather": "raining", "road": "dry"},
        {"weather": "snow_falling", "season": "summer"},
        {"road": "snow", "season": "summer"},
        {"road": "sand", "weather": "raining"},
        {"lighting": "golden_hour", "weather": "overcast"},
        {"lighting": "zenith", "season": "winter"},
    ],
)
def test_what_does_not_go_together_is_in_no_combination(wrong):
    assert not [one for one in VOCABULARY.combinations if wrong.items() <= one.items()]


def test_no_variant_of_a_clip_is_like_another_and_few_of_the_run_are():
    draws = drawn(6, 8)
    for clip in range(6):
        mine = [json.dumps(one) for (owner, _), one in draws.items() if owner == clip]
        assert len(set(mine)) == 8
    assert len({json.dumps(one) for one in draws.values()}) == 48


def test_every_value_is_drawn_about_as_often_as_any_other():
    draws = list(drawn(9, 4).values())
    for category, values in VOCABULARY.categories.items():
        counts = Counter(one[category] for one in draws)
        there = [v for v in values if v != "countryside"]
        even = 36 / len(there)
        assert all(abs(counts[value] - even) <= 1.5 for value in there), (category, counts)


def test_equal_seeds_draw_the_same_and_others_do_not():
    assert drawn(3, 3) == drawn(3, 3)
    assert drawn(3, 3) != drawn(3, 3, seed=2)


def test_seeds_are_a_hash_of_what_they_are_for():
    digest = hashlib.sha256(json.dumps([7, "video", "s", "front", 2]).encode()).digest()
    assert derived_seed(7, "video", "s", "front", 2) == int.from_bytes(digest[:4], "big") >> 1
    seeds = {derived_seed(7, "video", f"s{n}", "front", m) for n in range(50) for m in range(20)}
    assert len(seeds) == 1000
    assert derived_seed(1, "a", "bc") != derived_seed(1, "ab", "c")


def test_a_place_that_is_not_known_to_fit_is_not_drawn():
    for setting, allowed in (
        ("built_up", {"as_recorded", "business_district", "old_town", "suburb"}),
        ("green", {"as_recorded", "countryside"}),
        (None, {"as_recorded"}),
    ):
        sampler = ConditionSampler(VOCABULARY)
        draws = [sampler.draw(("s", "c"), place(setting), seed) for seed in range(12)]
        assert {one["place"] for one in draws} == allowed


def test_what_is_there_already_is_not_drawn_again():
    few = restricted(
        VOCABULARY,
        {
            "weather": ("clear_sky", "raining"),
            "lighting": ("night",),
            "road": ("wet",),
            "season": ("spring",),
            "place": ("as_recorded",),
        },
        "here",
    )
    sampler = ConditionSampler(few)
    sampler.take(("s", "c"), {**few.combinations[0], "weather": "raining"})
    assert sampler.draw(("s", "c"), place(), 5)["weather"] == "clear_sky"
    with pytest.raises(InputError, match="2 different conditions for it, and each is taken"):
        sampler.draw(("s", "c"), place(), 6)
    assert sampler.draw(("other", "c"), place(), 6)


def test_coverage_counts_values_and_pairs():
    draws = [
        {"weather": "raining", "lighting": "night", "road": "wet", "season": "spring", "place": p}
        for p in ("suburb", "suburb", "old_town")
    ]
    told = coverage_of(VOCABULARY, draws)
    assert told.variants == 3
    assert told.values["place"] == {
        "as_recorded": 0,
        "business_district": 0,
        "old_town": 1,
        "suburb": 2,
        "countryside": 0,
    }
    # 6 pairs of the four that stay, and 4 of these with each of two places
    assert told.pairs_drawn == 6 + 2 * 4
    assert "road: sand" in told.undrawn()
    assert "road: wet" not in told.undrawn()


HAIL = {"text": "hail is falling", "shown_by": ["hail*"]}


def test_a_users_file_restricts_and_extends(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(
        yaml.safe_dump(
            {
                "only": {"weather": ["hail", "raining"], "place": ["as_recorded"]},
                "categories": {
                    "weather": {"hail": HAIL},
                    "traffic": {"left": {"text": "people drive on the left", "shown_by": ["left"]}},
                },
                "constraints": [
                    {
                        "name": "no hail at night",
                        "when": {"weather": ["hail"]},
                        "never": {"lighting": ["night"]},
                    }
                ],
                "without_constraints": ["rain wets"],
                "negative_prompt": "cartoon",
            }
        )
    )
    found = read_vocabulary(file)
    pairs = {(one["weather"], one["lighting"]) for one in found.combinations}
    assert ("hail", "night") not in pairs
    assert ("hail", "sunset") in pairs
    assert {one["weather"] for one in found.combinations} == {"hail", "raining"}
    assert {one["traffic"] for one in found.combinations} == {"left"}
    assert any(
        {"weather": "raining", "road": "dry"}.items() <= x.items() for x in found.combinations
    )
    assert found.negative_prompt == "cartoon"
    assert "fog" in found.contradictions_of("weather", "hail"), "also of what was left out"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("only: {wether: [raining]}", "no category wether; there are: weather, lighting"),
        ("only: {weather: [hail]}", "weather has no value hail; there are: clear_sky"),
        ("only: {weather: []}", "weather has at least one value"),
        ("only: {weather: [raining], road: [dry, snow]}", "no values of it go together"),
        ("only: {weather: [raining], road: [dry, wet]}", "road: dry goes together with nothing"),
        ("without_constraints: [gravity]", "no constraint is called 'gravity'"),
        ("categories: {weather: {hail: {text: hail, shown_by: ['(h']}}}", "'(h' is no word"),
        ("categories: {weather: {hail: {text: it hails, shown_by: [rain]}}}", "has none of the"),
        (
            "categories: {weather: {hail: {text: '', colour: 1}}}",
            "weather.hail.colour: Extra inputs",
        ),
        ("categories: {p: {x: {text: '', needs: {mood: [good]}}}}", "no fact of a place is called"),
        (
            "constraints: [{name: x, when: {weather: [hail]}, never: {road: [dry]}}]",
            "no value hail",
        ),
        ("negative_prompt: no fog, rain", "the negative prompt names what shows weather raining"),
        ("- a\n- b", "must hold 'field: value' lines"),
        ("a: [", "is not YAML"),
        ("snow: {}", "snow: Extra inputs are not permitted"),
    ],
)
def test_a_wrong_file_is_named_with_its_field(tmp_path, content, words):
    file = tmp_path / "mine.yaml"
    file.write_text(content)
    with pytest.raises(InputError) as told:
        read_vocabulary(file)
    assert str(file) in str(told.value)
    assert words in str(told.value)


def test_a_vocabulary_cannot_be_endless(tmp_path):
    values = {f"v{n}": {"text": ""} for n in range(300)}
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump({"categories": {"mood": values}}))
    with pytest.raises(InputError, match="are more than 200000"):
        read_vocabulary(file)


@pytest.mark.parametrize(
    ("text", "phrase", "is_there"),
    [
        ("The Golden-Hour glow", "golden hour", True),
        ("a clear, cloudless sky", "clear .. sky", False),
        ("a clear winter sky", "clear .. sky", True),
        ("a clear and very cold winter sky", "clear .. sky", False),
        ("it is snowing", "snow*", True),
        ("snowy", "snow", False),
        ("there is no rain", "rain", False),
        ("without any rain", "rain", False),
        ("There is no wind. Rain falls.", "rain", True),
        ("a training ground", "rain*", False),
    ],
)
def test_phrases_are_found_as_words_and_not_when_negated(text, phrase, is_there):
    assert phrase_problem(phrase) is None
    assert is_said(text, [phrase]) is is_there
