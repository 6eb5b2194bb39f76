"""Ids above 16 bits in pictures that hold 16."""

from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.world.pixel_ids import AMBIGUOUS, PixelIds, pixel_id


def _picture(*ids: int) -> np.ndarray:
    return np.array([[number & 0xFFFF for number in ids]], np.int32)


def test_small_ids_are_those_of_the_picture() -> None:
    picture = _picture(0, 8, 65535)
    assert PixelIds([8, 65535]).resolve(picture) is picture
    assert PixelIds().resolve(picture) is picture


def test_large_ids_are_told_by_who_is_there() -> None:
    known = PixelIds([9, 65544, 65545 + 65536, 131072])
    whole = known.resolve(_picture(0, 65544, 131081, 1234))
    np.testing.assert_array_equal(whole, [[0, 65544, AMBIGUOUS, 1234]])
    assert whole.dtype == np.int32
    assert known.shared == ((9, 131081),)
    np.testing.assert_array_equal(PixelIds([7, 65544]).resolve(_picture(8, 7)), [[65544, 7]])


def test_who_shares_16_bits_is_one_of_several() -> None:
    known = PixelIds([8, 65544, 131080, 20])
    assert known.shared == ((8, 65544, 131080),)
    np.testing.assert_array_equal(known.resolve(_picture(8, 20)), [[AMBIGUOUS, 20]])


@pytest.mark.parametrize(("actor", "pixel"), [(8, 8), (65544, 8), (AMBIGUOUS, 0)])
def test_a_clip_holds_16_bits(actor: int, pixel: int) -> None:
    assert pixel_id(actor) == pixel
