"""The bilateral filter against OpenCV's."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from carla_nurec_bridge.cosmos.kernels.bilateral import bilateral


@pytest.mark.parametrize(
    ("diameter", "colour", "space"), [(15, 150.0, 50.0), (7, 20.0, 2.0), (30, 300.0, 150.0)]
)
def test_it_is_opencvs(diameter: int, colour: float, space: float) -> None:
    rng = np.random.default_rng(4)
    coarse = rng.integers(0, 256, (6, 9, 3), np.uint8)
    street = cv2.resize(coarse, (67, 41), interpolation=cv2.INTER_LINEAR)
    noisy = np.clip(street + rng.normal(0.0, 12.0, street.shape), 0, 255).astype(np.uint8)
    ours = bilateral(noisy, diameter, colour, space)
    theirs = np.asarray(cv2.bilateralFilter(noisy, diameter, colour, space))
    apart = np.abs(ours.astype(int) - theirs)
    assert apart.max() <= 1
    assert np.count_nonzero(apart) < 0.001 * apart.size


def test_a_picture_smaller_than_the_disc() -> None:
    tiny = np.array([[[10, 20, 30], [200, 100, 0]]], np.uint8)
    theirs = np.asarray(cv2.bilateralFilter(tiny, 15, 150.0, 50.0))
    assert np.abs(bilateral(tiny, 15, 150.0, 50.0).astype(int) - theirs).max() <= 1


@pytest.mark.parametrize("colour", [10.0, 30.0, 100.0])
def test_the_strongest_edge_stays_whatever_the_colours_sigma(colour: float) -> None:
    edge = np.zeros((9, 24, 3), np.uint8)
    edge[:, 12:] = 255
    theirs = np.asarray(cv2.bilateralFilter(edge, 7, colour, 50.0))
    assert np.abs(bilateral(edge, 7, colour, 50.0).astype(int) - theirs).max() <= 1
