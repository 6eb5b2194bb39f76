"""Colours of videos against BT.601's own formula, in float64."""

from __future__ import annotations

import numpy as np

from carla_nurec_bridge.cosmos.kernels.yuv import Yuv420

# BT.601-7, 2.5.1 and 2.5.2: E'Y of R'G'B', then (R' - Y) / 1.402 and (B' - Y) / 1.772.
LUMA = np.array([0.299, 0.587, 0.114])


def planes(rgb: np.ndarray) -> tuple[np.ndarray, ...]:
    height, width = rgb.shape[:2]
    yuv = Yuv420(width, height).convert(rgb)
    assert yuv.shape == (height * 3 // 2, width)
    cb, cr = yuv[height:].reshape(2, height // 2, width // 2)
    return yuv[:height], cb, cr


def halved(levels: np.ndarray) -> np.ndarray:
    """Return half of the size: pairs of columns, and the nearest four rows by distance."""
    pairs = (levels[:, 0::2] + levels[:, 1::2]) / 2.0
    rows = np.pad(pairs, ((1, 1), (0, 0)), mode="edge")
    return (
        rows[0:-2:2] + 3.0 * rows[1:-1:2] + 3.0 * rows[2::2][: len(pairs) // 2] + rows[3::2]
    ) / 8.0


def test_any_colours_are_nearest_to_the_formula() -> None:
    rgb = np.random.default_rng(3).integers(0, 256, (46, 70, 3), np.uint8)
    exact = rgb / 255.0
    luma = exact @ LUMA
    y, cb, cr = planes(rgb)
    assert np.abs(y - (16.0 + 219.0 * luma)).max() < 0.52
    assert np.abs(cb - (128.0 + 224.0 * halved((exact[..., 2] - luma) / 1.772))).max() < 0.52
    assert np.abs(cr - (128.0 + 224.0 * halved((exact[..., 0] - luma) / 1.402))).max() < 0.52


def test_the_levels_of_black_white_and_primaries() -> None:
    # The table of every test card of 75 % to 100 % bars: Y, Cb, Cr of BT.601.
    bars = {
        (0, 0, 0): (16, 128, 128),
        (255, 255, 255): (235, 128, 128),
        (255, 0, 0): (81, 90, 240),
        (0, 255, 0): (145, 54, 34),
        (0, 0, 255): (41, 240, 110),
    }
    for colour, levels in bars.items():
        one = planes(np.full((2, 4, 3), colour, np.uint8))
        assert tuple(int(plane.min()) for plane in one) == levels
        assert tuple(int(plane.max()) for plane in one) == levels


def test_every_grey_is_nearest_to_the_formula() -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(8, 32)
    yuv = Yuv420(32, 8).convert_grey(grey)
    assert np.abs(yuv[:8] - (16.0 + 219.0 * (grey / 255.0))).max() <= 0.5
    assert (yuv[8:] == 128).all()
