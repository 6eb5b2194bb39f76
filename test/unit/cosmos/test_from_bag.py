"""Which pictures of a bag make a clip of another rate."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.cosmos import ControlOptions
from carla_nurec_bridge.cosmos.from_bag import BagWish, choose

T0 = 1_700_000_000_000_000_000
STAMPS = [T0 + 50_000_000 * k for k in range(101)]  # 20 Hz, 5 s


def wish(**fields: float) -> BagWish:
    return BagWish(Path("out"), ControlOptions(), **fields)  # type: ignore[arg-type]


def test_without_a_rate_every_picture_is_taken() -> None:
    chosen = choose(STAMPS, wish())
    assert chosen.stamps_ns == tuple(STAMPS)
    assert chosen.rate == 20
    assert chosen.furthest_s == 0.0


def test_a_lower_rate_takes_the_nearest_picture_to_each_moment() -> None:
    chosen = choose(STAMPS, wish(start_s=1.0, duration_s=2.0, fps=16.0))
    moments = 1.0 + np.arange(32) / 16
    seconds = (np.array(chosen.stamps_ns) - T0) / 1e9
    assert len(seconds) == 32
    every = np.arange(101) * 0.05
    best = np.abs(every[None] - moments[:, None]).min(axis=1)
    np.testing.assert_allclose(np.abs(seconds - moments), best, atol=1e-9)
    assert chosen.furthest_s == pytest.approx(0.025, abs=1e-6)
    assert [STAMPS[n] for n in chosen.numbers] == list(chosen.stamps_ns)
    assert len(set(chosen.numbers)) == 32


def test_half_the_rate_takes_every_second_picture() -> None:
    chosen = choose(STAMPS, wish(fps=10.0, frames=12))
    assert chosen.numbers == tuple(range(0, 24, 2))
    assert chosen.rate == Fraction(10)


def test_what_cannot_be_had_is_refused() -> None:
    with pytest.raises(InputError, match=r"20 pictures a second, not 24; take a lower --fps"):
        choose(STAMPS, wish(fps=24.0))
    with pytest.raises(InputError, match="7 s is behind them"):
        choose(STAMPS, wish(start_s=7.0))
    with pytest.raises(InputError, match="less than two"):
        choose(STAMPS[:1], wish())
