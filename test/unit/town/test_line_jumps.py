"""A road whose line jumps is told, with where and how far."""

from __future__ import annotations

import logging

import pytest
from odd_maps import road, town

from carla_nurec_bridge.opendrive import parse
from carla_nurec_bridge.town.line_jumps import tell_jumps

WHOLE = '<geometry s="0.0" x="0.0" y="0.0" hdg="0" length="80.0"><line/></geometry>'


def told(caplog: pytest.LogCaptureFixture, first: str, second: str) -> str:
    text = town(road(1, 50.0), road(2))
    assert text.count(WHOLE) == 1
    pieces = (
        f'<geometry s="0" x="0" y="0" hdg="0" length="30">{first}</geometry>'
        f'<geometry s="30" {second} hdg="0" length="50"><line/></geometry>'
    )
    with caplog.at_level(logging.WARNING):
        tell_jumps(parse(text.replace(WHOLE, pieces), "jumping"))
    return caplog.text


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("<line/>", 'x="33" y="4"'),
        # A quarter of a circle of 60 / pi m ends that far ahead and to the left.
        ('<arc curvature="0.05235987755982988"/>', 'x="22.0985931710274" y="23.0985931710274"'),
    ],
)
def test_a_jump_is_told_with_its_place(
    first: str, second: str, caplog: pytest.LogCaptureFixture
) -> None:
    text = told(caplog, first, second)
    assert "the lines of 1 roads jump" in text
    assert "on road 2, 5.00 m at s = 30.0 m" in text


def test_a_line_that_holds_is_not(caplog: pytest.LogCaptureFixture) -> None:
    assert not told(caplog, "<line/>", 'x="30.05" y="0.05"')
