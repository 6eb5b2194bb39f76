"""Words for paints, against the names that people gave colours in the XKCD survey."""

from __future__ import annotations

import matplotlib.colors as named
import pytest

from carla_nurec_bridge.dataset.facts import colour_word

TERMS = "black grey white red orange yellow green blue purple pink brown".split()
SHADES = "dark light deep pale bright strong vivid rich soft medium mid true dull pure".split()
BETWEEN = {"pale grey", "light grey"}
"""Greys of L* 86 and 99, which are lighter than most cars that are called white."""


def survey() -> dict[str, tuple[int, int, int]]:
    found = {}
    for name, text in named.XKCD_COLORS.items():
        words = name.removeprefix("xkcd:").replace("gray", "grey").split()
        if words[-1] in TERMS and (len(words) == 1 or (len(words) == 2 and words[0] in SHADES)):
            found[" ".join(words)] = tuple(round(255 * part) for part in named.to_rgb(text))
    return found


def test_a_paint_has_the_word_that_people_give_it_or_none():
    told = {name: colour_word(rgb) for name, rgb in survey().items() if name not in BETWEEN}
    assert len(told) > 70
    assert {n: w for n, w in told.items() if w is not None and w != n.split()[-1]} == {}
    assert sum(word is not None for word in told.values()) > 0.85 * len(told)


@pytest.mark.parametrize("term", [term for term in TERMS if term != "brown"])
def test_the_pure_colour_of_each_term_has_its_word(term):
    assert colour_word(tuple(round(255 * part) for part in named.to_rgb(term))) == term


@pytest.mark.parametrize("rgb", [(188, 255, 255), (20, 0, 25), (235, 225, 200)])
def test_a_tint_between_two_words_has_none(rgb):
    assert colour_word(rgb) is None
