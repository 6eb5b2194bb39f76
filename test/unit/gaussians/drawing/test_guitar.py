"""A real file beside the formula in float64."""

from __future__ import annotations

import numpy as np
import pytest
from realdata import real

from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.gaussians.formats.reading import read_gaussians

from .helpers import brute_force, draw, ftheta, psnr


@pytest.mark.parametrize("shutter", [Shutter.GLOBAL, Shutter.ROLLING_TOP_TO_BOTTOM])
def test_a_real_file_looks_as_in_float64(shutter: Shutter) -> None:
    """Some pixels of a patch of a large picture, all Gaussians of the file at each."""
    guitar = read_gaussians(real("splats/guitar.ply")).static
    pose = np.eye(4)
    pose[:3, :3] = [[0, 0, -1], [0, 1, 0], [1, 0, 0]]
    pose[:3, 3] = np.percentile(guitar.means_m, 50, axis=0) + [2.2, 0.3, 0.0]
    end = pose.copy()
    if shutter is not Shutter.GLOBAL:
        end[:3, 3] += [0.0, 0.0, -0.03]
    camera = ftheta(96, 64, (0.0, 600.0, 0.0, -8.0, 0.0, 1.5), (47.5, 20.0))
    frame = draw(guitar, camera, pose, end, shutter)
    pixels = np.argwhere(frame.transmittance < 0.9)[::180]
    colour, _, _ = brute_force(guitar, camera, pixels, pose, end)
    assert len(pixels) > 20
    assert psnr(np.clip(frame.colour[tuple(pixels.T)], 0, 1), np.clip(colour, 0, 1)) > 48.0
