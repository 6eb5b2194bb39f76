from __future__ import annotations

import click
import pytest

from carla_nurec_bridge.cli.parameters.image_size import ImageSize


def test_a_size_is_written_as_everybody_does() -> None:
    assert ImageSize().convert("1280x720", None, None) == (1280, 720)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1280", "like 1280x720"),
        ("1280 720", "like 1280x720"),
        ("-2x20", "like 1280x720"),
        ("1281x720", "odd"),
        ("8x720", "between 16 and 8192"),
        ("9000x720", "between 16 and 8192"),
    ],
)
def test_others_are_refused_in_words(text: str, why: str) -> None:
    with pytest.raises(click.BadParameter, match=why):
        ImageSize().convert(text, None, None)
