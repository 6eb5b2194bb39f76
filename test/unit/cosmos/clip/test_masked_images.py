"""Masked picture, edges by class, sky and vis against what they must keep and lose."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.cosmos.clip.controls import (
    CANNY,
    EdgeEncoding,
    edges_grey,
    masked_rgb,
    sky_grey,
)
from carla_nurec_bridge.cosmos.clip.streams import ControlOptions
from carla_nurec_bridge.cosmos.clip.vis import VisEncoding, vis_rgb

ROAD, BUILDING, SKY, CAR = 1, 3, 11, 14


def halves(left: int, right: int) -> np.ndarray:
    tags = np.full((60, 80), left, np.uint8)
    tags[:, 40:] = right
    return tags


def stripes() -> np.ndarray:
    rgb = np.zeros((60, 80, 3), np.uint8)
    rgb[:, ::20] = rgb[:, 1::20] = rgb[:, 2::20] = 255
    return rgb


def test_edges_are_kept_in_the_wanted_classes_only() -> None:
    every = edges_grey(stripes(), halves(BUILDING, CAR), EdgeEncoding())
    cars = edges_grey(stripes(), halves(BUILDING, CAR), EdgeEncoding(classes=frozenset({CAR})))
    assert every[:, :40].any()
    assert not cars[:, :40].any()
    assert np.array_equal(cars[:, 40:], every[:, 40:])
    assert every[:, 40:].any()


def test_presets_have_the_models_thresholds() -> None:
    assert CANNY["medium"] == (100, 200)
    assert EdgeEncoding.preset("very_low").low == 20
    assert EdgeEncoding.preset("very_high").high == 400
    with pytest.raises(InputError, match="strong"):
        EdgeEncoding.preset("strong")  # type: ignore[arg-type]


def test_the_masked_picture_is_black_elsewhere_and_soft_within() -> None:
    rgb = stripes()
    masked = masked_rgb(rgb, halves(ROAD, CAR), frozenset({CAR}))
    assert not masked[:, :40].any()
    # Gauss with sigma 1 over three white pixels of 5: the middle loses its share of both tails.
    weights = np.exp(-(np.arange(-2, 3) ** 2) / 2.0)
    middle = 255 * weights[1:4].sum() / weights.sum()
    assert masked[30, 61, 0] == pytest.approx(middle, abs=2)


def test_the_sky_mask_is_the_sky() -> None:
    sky = sky_grey(halves(SKY, BUILDING))
    assert (sky[:, :40] == 255).all()
    assert not sky[:, 40:].any()


@pytest.mark.parametrize("model", ["transfer1", "transfer2.5"])
def test_vis_loses_detail_and_keeps_large_shapes(model: str) -> None:
    rng = np.random.default_rng(1)
    rgb = np.full((144, 256, 3), 60, np.uint8)
    rgb[:, 128:] = 200
    noisy = np.clip(rgb + rng.normal(0, 20, rgb.shape), 0, 255).astype(np.uint8)
    vis = vis_rgb(noisy, VisEncoding(model, "medium"))  # type: ignore[arg-type]
    assert vis.shape == rgb.shape
    assert vis[:, :100].std() < noisy[:, :100].std() / 3
    assert vis[:, :100].mean() == pytest.approx(60, abs=6)
    assert vis[:, 156:].mean() == pytest.approx(200, abs=6)
    stronger = vis_rgb(noisy, VisEncoding("transfer2.5", "very_high"))
    assert np.abs(np.diff(stronger.astype(int), axis=1)).max() < 40


def test_the_fast_way_to_vis_is_close_to_the_exact_one() -> None:
    rng = np.random.default_rng(2)
    coarse = rng.integers(30, 220, (9, 16, 3), np.uint8)
    rgb = np.asarray(cv2.resize(coarse, (320, 180), interpolation=cv2.INTER_NEAREST), np.uint8)
    fast = vis_rgb(rgb, VisEncoding()).astype(int)
    exact = vis_rgb(rgb, VisEncoding(exact=True)).astype(int)
    assert not np.array_equal(fast, exact)
    assert np.abs(fast - exact).mean() < 2.0


def test_unknown_names_are_refused() -> None:
    with pytest.raises(InputError, match=r"vis model 'transfer3'"):
        VisEncoding("transfer3")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no stream 'dephts'; there are: rgb, depth"):
        ControlOptions(only=frozenset({"dephts"}))
    with pytest.raises(InputError, match="stream normals needs normals"):
        ControlOptions(only=frozenset({"normals"})).chosen({"rgb"})
