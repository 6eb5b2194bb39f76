"""Options that are numbers take finite ones only."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from carla_nurec_bridge import cli
from carla_nurec_bridge.cli.finite import FiniteRange


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e999", "x", "-1"])
def test_others_are_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match=text.removesuffix("e999")):
        FiniteRange(0).convert(text, None, None)


def test_numbers_within_the_range_are_taken() -> None:
    assert FiniteRange(0).convert("1e300", None, None) == 1e300
    assert FiniteRange(0, 1, clamp=True).convert("2", None, None) == 1.0


def test_every_option_that_is_a_number_is_such_a_range() -> None:
    for path in Path(cli.__file__).parent.rglob("*.py"):
        text = path.read_text()
        assert "type=float" not in text, path
        assert path.name == "finite.py" or "click.FloatRange" not in text, path
