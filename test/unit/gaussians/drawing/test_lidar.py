"""Sweeps of two devices among Gaussians, beside ray by ray in float64."""

from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.core.frames import interpolate, matrix_from_xyz_rpy
from carla_nurec_bridge.core.rig.lidar import lidar_pattern
from carla_nurec_bridge.gaussians.cloud import GaussianCloud
from carla_nurec_bridge.gaussians.drawing.lidar import measure
from carla_nurec_bridge.gaussians.drawing.particles import joined, rules_of
from carla_nurec_bridge.gaussians.drawing.sweeps import sectors_of
from carla_nurec_bridge.gaussians.scene import RenderSettings

from . import helpers
from .helpers import cloud, rotations_of

pytestmark = pytest.mark.usefixtures("back_end")

START = matrix_from_xyz_rpy([0.0, 0.0, 0.0], [0.0, 0.0, 0.0])
END = matrix_from_xyz_rpy([1.5, 0.2, 0.0], [0.0, 0.01, 0.05])


def ring() -> GaussianCloud:
    """Return dense blobs all around, at 6 to 15 m, and one around the sensor's seam."""
    rng = np.random.default_rng(4)
    turn = rng.uniform(-np.pi, np.pi, 260)
    away = rng.uniform(6.0, 15.0, 260)
    means = np.stack([away * np.cos(turn), away * np.sin(turn), rng.uniform(-3, 2, 260)], axis=1)
    means[0] = (-8.0, 0.0, 0.0)
    grey = np.full((260, 3), 0.5)
    scales = rng.uniform(0.2, 0.9, (260, 3))
    return cloud(means, scales, np.full(260, 0.97), grey, rng.normal(size=(260, 4)))


@pytest.mark.parametrize("device", ["AT128", "PANDAR128"])
def test_ranges_are_those_of_each_beam_at_its_own_time(device: str) -> None:
    """The sensor moves and turns; beams of one column fire together, whatever their azimuth."""
    pattern = lidar_pattern(device).thinned(9)
    particles, directions = ring(), pattern.directions
    far = np.full(directions.shape[:2], 200.0, np.float32)
    sectors = sectors_of(directions, pattern.column_fraction)
    rays = np.concatenate([s.column[s.column >= 0] for s in sectors])
    assert len(rays) > 0.99 * directions.shape[0] * directions.shape[1]
    found = measure(
        helpers.opened(joined(particles)),
        sectors,
        pattern.column_fraction,
        START,
        END,
        rules_of(RenderSettings()),
        far,
    )
    rng = np.random.default_rng(0)
    rows, columns = rng.integers(0, 128, 600), rng.integers(0, pattern.columns, 600)
    expected = np.array(
        [
            beam(particles, directions[r, c], interpolate(START, END, pattern.column_fraction[c]))
            for r, c in zip(rows, columns, strict=True)
        ]
    )
    got = found.range_m[rows, columns]
    both = np.isfinite(expected) & np.isfinite(got)
    # Order is by distance of the means from the middle of the sweep, here from the beam's place.
    close = np.abs(got[both] - expected[both]) < 0.02
    assert np.count_nonzero(both) > 100
    assert np.mean(close) > 0.95
    assert np.mean(np.isfinite(expected) == np.isfinite(got)) > 0.98
    assert found.intensity[rows, columns][both] == pytest.approx(0.5, abs=1e-3)


def beam(particles: GaussianCloud, direction: np.ndarray, pose: np.ndarray) -> float:
    """Return where less than half of a beam's light is left, inf if more than a fifth passes."""
    means = particles.means_m.astype(np.float64)
    order = np.argsort(np.linalg.norm(means - pose[:3, 3], axis=1))
    scaled = rotations_of(particles).swapaxes(1, 2) / particles.scales_m[:, :, None]
    towards = scaled @ (pose[:3, :3] @ direction.astype(np.float64))
    origin = np.einsum("nij,nj->ni", scaled, pose[:3, 3] - means)
    length = np.sum(towards**2, axis=1)
    square = np.sum(np.cross(towards, origin) ** 2, axis=1) / length
    along = -np.sum(towards * origin, axis=1) / length
    response = np.exp(-0.5 * square)
    passed, half = 1.0, np.inf
    for k in order:
        if response[k] > 0.0113 and along[k] > 0.0:
            passed *= 1.0 - min(0.99, particles.opacities[k] * response[k])
            if passed < 0.5 and np.isinf(half):
                half = along[k]
    return half if passed <= 0.2 else np.inf


def test_beams_end_where_something_stands() -> None:
    """A wall at 5 m hides all of it."""
    pattern = lidar_pattern("AT128").thinned(20)
    far = np.full(pattern.directions.shape[:2], 5.0, np.float32)
    found = measure(
        helpers.opened(joined(ring())),
        sectors_of(pattern.directions, pattern.column_fraction),
        pattern.column_fraction,
        START,
        START,
        rules_of(RenderSettings()),
        far,
    )
    assert not np.isfinite(found.range_m[found.range_m > 5.0]).any()
