"""When each line of an image is exposed."""

import numpy as np
import pytest

from carla_nurec_bridge.core.cameras.shutter import Shutter, shutter_fraction, shutter_from
from carla_nurec_bridge.core.errors import InputError

WIDTH, HEIGHT = 5, 3


@pytest.mark.parametrize(
    ("shutter", "of_pixel"),
    [
        (Shutter.ROLLING_TOP_TO_BOTTOM, lambda u, v: np.floor(v) / (HEIGHT - 1)),
        (Shutter.ROLLING_BOTTOM_TO_TOP, lambda u, v: (HEIGHT - np.ceil(v)) / (HEIGHT - 1)),
        (Shutter.ROLLING_LEFT_TO_RIGHT, lambda u, v: np.floor(u) / (WIDTH - 1)),
        (Shutter.ROLLING_RIGHT_TO_LEFT, lambda u, v: (WIDTH - np.ceil(u)) / (WIDTH - 1)),
        (Shutter.GLOBAL, lambda u, v: 0.0),
    ],
)
def test_fraction_of_every_pixel(shutter, of_pixel):
    axis, fractions = shutter_fraction(shutter, WIDTH, HEIGHT)
    assert fractions.dtype == np.float64
    assert fractions.shape == ((HEIGHT,) if axis == "row" else (WIDTH,))
    for row in range(HEIGHT):
        for column in range(WIDTH):
            got = fractions[row if axis == "row" else column]
            assert got == pytest.approx(of_pixel(column + 0.5, row + 0.5), abs=1e-12)


def test_a_single_line_is_exposed_at_the_start():
    assert shutter_fraction(Shutter.ROLLING_TOP_TO_BOTTOM, 4, 1)[1].tolist() == [0.0]


def test_names_and_numbers():
    assert shutter_from("rolling_top_to_bottom") is Shutter.ROLLING_TOP_TO_BOTTOM
    assert shutter_from("1") is shutter_from(1) is Shutter.ROLLING_TOP_TO_BOTTOM
    with pytest.raises(InputError, match="SIDEWAYS.*ROLLING_LEFT_TO_RIGHT"):
        shutter_from("SIDEWAYS")
