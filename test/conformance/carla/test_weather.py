"""Weather, night and lenses as an rgb camera of the real client sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.conformance
Facts = dict[str, Any]
WIDTH, HEIGHT = 480, 270


@pytest.fixture(scope="module")
def facts(run_session: Callable[..., Facts]) -> Facts:
    return run_session("weather")


def test_wet_roads_and_clouds_darken_and_nights_are_dark(facts: Facts) -> None:
    near = facts["near"]
    assert near["wet"] < 0.95 * near["day"]
    assert near["lit"] < 0.8 * near["day"]
    assert near["unlit"] < 0.6 * near["lit"], "street lamps light the road until switched off"


def test_head_lights_light_the_street(facts: Facts) -> None:
    unlit, beams = facts["beams"]
    assert beams > 1.03 * unlit


def test_fog_takes_contrast_from_far_away(facts: Facts) -> None:
    clear, foggy = facts["contrast"]
    assert foggy < 0.7 * clear


def test_rain_falls_anew_in_every_frame(facts: Facts) -> None:
    assert 0.005 < facts["streaks"] < 0.2


def test_exposure_follows_its_attributes(facts: Facts) -> None:
    automatic, one_stop_more, by_hand = facts["exposure"]
    linear = [(value / 255) ** 2.2 for value in (automatic, one_stop_more)]
    assert linear[1] / linear[0] == pytest.approx(2.0, rel=0.1)
    assert by_hand == pytest.approx(automatic, rel=0.1), "f/16, 1/64 s, ISO 100: a sunny day"


def test_a_lens_circle_darkens_the_corners_by_its_formula(facts: Facts) -> None:
    corner, middle = facts["vignette"]
    half = (WIDTH - 4) / WIDTH
    square = (half**2 + ((HEIGHT - 4) / WIDTH) ** 2) / 2
    assert corner == pytest.approx(1 - square, abs=0.02)
    assert middle == pytest.approx(1.0, abs=0.02)


def test_only_odd_lenses_bend(facts: Facts) -> None:
    in_the_middle, everywhere = facts["bent"]
    assert in_the_middle < everywhere
    assert everywhere > 1.0
