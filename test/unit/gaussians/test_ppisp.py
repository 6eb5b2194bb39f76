"""A recorded view's exposure, vignetting, colour and response, part by part."""

from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.gaussians import ppisp
from carla_nurec_bridge.gaussians.ppisp import colour_homography, view_response
from carla_nurec_bridge.gaussians.scene import Ppisp

IDENTITY = (0.013659, 0.013659, 0.378165, 0.0)
NEUTRAL = np.array([[0.0128369, -0.0034654], [-0.0034654, 0.0128158]])


def recorded(**parts: np.ndarray) -> Ppisp:
    """Two cameras with three views each that change nothing, but for the parts given."""
    values = {
        "exposure": np.zeros(6),
        "colour": np.zeros((6, 8)),
        "vignetting": np.zeros((2, 3, 5)),
        "response": np.tile(IDENTITY, (2, 3, 1)),
    } | parts
    return Ppisp(**{name: np.asarray(value, np.float32) for name, value in values.items()})


def levels(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 65536, (12, 20, 3)).astype(np.uint16)


def test_values_of_an_identity_change_nothing():
    image = levels()
    found = view_response(recorded(), 1, 2).applied(image)
    assert np.abs(found - image / 65535.0 * 255.0).max() < 0.6


def test_exposure_is_that_of_the_view():
    """Views go camera by camera: frame 1 of camera 1 is the fifth of six."""
    exposure = np.zeros(6)
    exposure[4] = -1.0
    image = levels()
    found = view_response(recorded(exposure=exposure), 1, 1).applied(image)
    assert np.abs(found - image / 65535.0 * 127.5).max() < 0.6
    same = view_response(recorded(exposure=exposure), 0, 1).applied(image)
    assert np.abs(same - image / 65535.0 * 255.0).max() < 0.6


def test_vignetting_falls_off_about_its_centre():
    """Of one channel, by the published polynomial; distances are shares of the longer side."""
    vignetting = np.zeros((2, 3, 5))
    vignetting[0, 1] = (0.1, -0.05, -0.8, 0.3, -0.2)
    image = np.full((12, 20, 3), 60_000, np.uint16)
    found = view_response(recorded(vignetting=vignetting), 0, 0).applied(image)
    plain = 60_000 / 65535.0 * 255.0
    assert np.abs(found[..., [0, 2]] - plain).max() < 0.6
    for row, column in ((0, 0), (6, 3), (11, 19)):
        square = ((column + 0.5 - 10) / 20 - 0.1) ** 2 + ((row + 0.5 - 6) / 20 + 0.05) ** 2
        factor = 1.0 - 0.8 * square + 0.3 * square**2 - 0.2 * square**3
        assert found[row, column, 1] == pytest.approx(plain * factor, abs=0.6)


def test_latents_move_four_chromaticities():
    """Blue, red, green and grey go where the shifts say; grey's alone leaves the others."""
    latents = np.random.default_rng(3).normal(0.0, 0.5, 8)
    latents[6:] = 0.7, -0.4
    for moved in (latents, np.where(np.arange(8) < 6, 0.0, latents)):
        found = colour_homography(moved)
        for source, place in (((1 / 3, 1 / 3), 3), ((0.0, 0.0), 0), ((1.0, 0.0), 1)):
            x, y, z = found @ [*source, 1.0]
            if place == 3:
                assert (x / z, y / z) == pytest.approx(source + NEUTRAL @ moved[6:], abs=1e-6)
            elif not moved[2 * place : 2 * place + 2].any():
                assert (x / z, y / z) == pytest.approx(source, abs=1e-9)
    grey = np.full((2, 2, 3), 30_000, np.uint16)
    colour = np.zeros((6, 8))
    colour[0, 6:] = 0.7, -0.4
    red, green, blue = view_response(recorded(colour=colour), 0, 0).applied(grey)[0, 0] / 255.0
    total = 3 * 30_000 / 65535.0
    shares = np.array((1 / 3, 1 / 3)) + NEUTRAL @ (0.7, -0.4)
    assert (red / total, green / total) == pytest.approx(shares, abs=3e-3)
    assert red + green + blue == pytest.approx(total, abs=6e-3)


def test_the_response_has_a_toe_and_a_shoulder_that_meet():
    """By the published formula at both sides of the centre, and 0 and 1 stay."""
    raw = np.tile(IDENTITY, (2, 3, 1))
    raw[0, 2] = (1.0, 0.5, 0.2, -0.6)
    soft = np.log1p(np.exp(raw[0, 2]))
    toe, shoulder, gamma = 0.3 + soft[0], 0.3 + soft[1], 0.1 + soft[2]
    centre = 1.0 / (1.0 + np.exp(0.6))
    height = shoulder * centre / (toe + centre * (shoulder - toe))
    values = np.array([0.0, 0.2, centre, 0.7, 1.0])
    image = np.zeros((1, 5, 3), np.uint16)
    image[0, :, 2] = np.round(values * 65535)
    found = view_response(recorded(response=raw), 0, 0).applied(image)[0, :, 2]
    low = height * (values / centre) ** toe
    high = 1.0 - (1.0 - height) * ((1.0 - values) / (1.0 - centre)) ** shoulder
    assert found == pytest.approx(255.0 * np.where(values <= centre, low, high) ** gamma, abs=0.6)
    assert low[2] == pytest.approx(high[2])


def test_extreme_values_give_a_picture_all_the_same():
    """At the bounds of what is read, whatever the homography makes of a colour."""
    rng = np.random.default_rng(5)
    for _ in range(20):
        parts = {
            "exposure": rng.choice([-20.0, 20.0], 6),
            "colour": rng.choice([-20.0, 20.0], (6, 8)),
            "vignetting": rng.choice([-20.0, 20.0], (2, 3, 5)),
            "response": rng.choice([-20.0, 20.0], (2, 3, 4)),
        }
        found = view_response(recorded(**parts), 0, 0).applied(levels())
        assert found.shape == (12, 20, 3)


def test_the_curves_of_a_view_are_made_once(monkeypatch):
    made = []
    monkeypatch.setattr(ppisp, "_curve", lambda x, *_curve: made.append(1) or x)
    view = view_response(recorded(), 0, 0)
    assert np.array_equal(view.applied(levels()), view.applied(levels()))
    assert len(made) == 3
