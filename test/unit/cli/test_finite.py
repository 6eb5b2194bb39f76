"""Options that are numbers take finite ones only."""

from __future__ import annotations

from importlib import import_module

import click
import pytest

from carla_nurec_bridge import cli
from carla_nurec_bridge.cli.finite import FiniteRange
from carla_nurec_bridge.cli.main import VERBS


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e999", "x", "-1"])
def test_others_are_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match=text.removesuffix("e999")):
        FiniteRange(0).convert(text, None, None)


def test_numbers_within_the_range_are_taken() -> None:
    assert FiniteRange(0).convert("1e300", None, None) == 1e300
    assert FiniteRange(0, 1, clamp=True).convert("2", None, None) == 1.0


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_that_is_a_number_is_such_a_range(verb: str) -> None:
    command = import_module(f"{cli.__name__}.{verb.replace(' ', '.')}").command
    for parameter in command.params:
        for kind in getattr(parameter.type, "types", [parameter.type]):
            is_number = isinstance(kind, click.types.FloatParamType)
            assert not is_number or isinstance(kind, FiniteRange), parameter.name
