"""A part of a mask is what the whole mask has there."""

from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.dataset.truth import Mask

PIXELS = np.random.default_rng(5).random((37, 53)) > 0.6


@pytest.mark.parametrize(
    ("left", "top", "width", "height"),
    [(0, 0, 53, 37), (7, 3, 20, 30), (52, 36, 1, 1), (4, 4, 0, 0)],
)
def test_a_part_is_that_of_the_image(left, top, width, height):
    part = Mask.of(PIXELS).part(left, top, width, height)
    assert (part == PIXELS[top : top + height, left : left + width]).all()


def test_empty_and_full_masks_have_parts():
    assert not Mask.of(np.zeros((8, 9), bool)).part(1, 1, 4, 4).any()
    assert Mask.of(np.ones((8, 9), bool)).part(1, 1, 4, 4).all()


@pytest.mark.parametrize("part", [(-1, 0, 5, 5), (50, 0, 5, 5), (0, 36, 5, 2)])
def test_a_part_beyond_the_image_is_refused(part):
    with pytest.raises(InputError, match="has no part"):
        Mask.of(PIXELS).part(*part)


def test_run_lengths_of_another_image_are_refused():
    wrong = Mask(size=(37, 54), counts=Mask.of(PIXELS).counts)
    with pytest.raises(InputError, match="are not those of"):
        wrong.part(0, 0, 5, 5)
