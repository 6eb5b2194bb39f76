"""Derivatives of a picture's error beside finite differences of the formula in float64."""

from __future__ import annotations

import numpy as np
import pytest

from carla_nurec_bridge.core.cameras.shutter import Shutter
from carla_nurec_bridge.core.frames import BODY_FROM_OPTICAL, invert, matrix_from_xyz_rpy
from carla_nurec_bridge.gaussians.cloud import GaussianCloud, empty_cloud
from carla_nurec_bridge.gaussians.drawing.frame import GaussianDrawing
from carla_nurec_bridge.gaussians.drawing.motion import BodyMotion, motion_of
from carla_nurec_bridge.gaussians.drawing.particles import joined, rules_of
from carla_nurec_bridge.gaussians.drawing.views import camera_view
from carla_nurec_bridge.gaussians.fitting.descent import Descent, Rates
from carla_nurec_bridge.gaussians.fitting.sky_descent import SkyDescent
from carla_nurec_bridge.gaussians.fitting.slope import Slope, slope_of
from carla_nurec_bridge.gaussians.scene import RenderSettings
from carla_nurec_bridge.gaussians.sky import seen

from ..drawing.helpers import HERE, brute_force, cloud, ftheta

CAMERA = ftheta(24, 20, (0.0, 30.0, 0.0, -0.5))
END = matrix_from_xyz_rpy([0.1, 0.0, 0.05], [0.0, 0.01, -0.01])
STEP = 1e-6
OF_FIELD = {
    "sh": "colours",
    "opacities": "opacities",
    "scales_m": "log_scales",
    "means_m": "means",
}
C0 = 0.28209479177387814


def few(seed: int = 4, count: int = 16) -> GaussianCloud:
    """Gaussians some pixels wide, so that which pixels they reach is no matter of rounding."""
    rng = np.random.default_rng(seed)
    return cloud(
        rng.uniform(-0.8, 0.8, (count, 3)) + [0.0, 0.0, 3.0],
        np.exp(rng.uniform(-2.2, -1.2, (count, 3))),
        rng.uniform(0.2, 0.9, count),
        rng.uniform(0.1, 0.9, (count, 3)),
        rng.normal(size=(count, 4)),
    )


def found(
    particles: GaussianCloud, target: np.ndarray, sky: np.ndarray, pose: np.ndarray | None = None
) -> Slope:
    """Return the slope of a cloud that stands still, or of a body at ``pose``."""
    view = camera_view(CAMERA, Shutter.ROLLING_TOP_TO_BOTTOM)
    bodies = [] if pose is None else [BodyMotion(pose, pose)]
    motion = motion_of(HERE, END, view.fractions, bodies)
    values = joined(particles) if pose is None else joined(empty_cloud(), [particles])
    return slope_of(values, view, motion, rules_of(RenderSettings()), target, sky)


class Double:
    """A cloud whose arrays are float64, which steps of a millionth do not vanish in."""

    def __init__(self, one: GaussianCloud) -> None:
        self.means_m = one.means_m.astype(np.float64)
        self.rotations_wxyz = one.rotations_wxyz.astype(np.float64)
        self.scales_m = one.scales_m.astype(np.float64)
        self.opacities = one.opacities.astype(np.float64)
        self.sh = one.sh.astype(np.float64)
        self.sh_degree = 0


def error(one: Double, target: np.ndarray, sky: np.ndarray) -> float:
    pixels = np.stack(np.meshgrid(np.arange(20), np.arange(24), indexing="ij"), -1).reshape(-1, 2)
    colour, passed, _ = brute_force(one, CAMERA, pixels, HERE, END)
    behind, wanted = sky.reshape(-1, 3), target.reshape(-1, 3)
    away = (colour + passed[:, None] * behind - wanted)[(wanted >= 0.0).all(axis=1)]
    return float((away**2).sum())


def difference(
    one: Double, field: str, place: tuple[int, ...], *, log: bool = False, **of
) -> float:
    values = getattr(one, field)
    before, sides = values[place], []
    for sign in (1.0, -1.0):
        values[place] = before * np.exp(sign * STEP) if log else before + sign * STEP
        sides.append(error(one, **of))
    values[place] = before
    return (sides[0] - sides[1]) / (2.0 * STEP)


@pytest.fixture(scope="module")
def case():
    rng = np.random.default_rng(1)
    target, sky = rng.uniform(0.0, 1.0, (2, 20, 24, 3)).astype(np.float32)
    target[:3, 5:9] = -1.0
    particles = few()
    return particles, {"target": target, "sky": sky}


@pytest.mark.parametrize(
    ("field", "log", "width"),
    [("sh", False, 3), ("opacities", False, 1), ("scales_m", True, 3), ("means_m", False, 3)],
)
def test_derivatives_are_those_of_finite_differences(case, field, log, width):
    """Of every value of every Gaussian, through a lens with a rolling shutter that moves."""
    particles, of = case
    slope = found(particles, **of)
    one = Double(particles)
    assert slope.error == pytest.approx(error(one, **of), rel=1e-5)
    derivatives = getattr(slope, OF_FIELD[field]).reshape(len(particles), width)
    wanted = np.empty_like(derivatives, np.float64)
    for n, k in np.ndindex(wanted.shape):
        place = {"sh": (n, 0, k), "opacities": (n,)}.get(field, (n, k))
        wanted[n, k] = difference(one, field, place, log=log, **of)
    if field == "sh":
        wanted /= C0
    assert np.abs(wanted).max() > 1.0
    # float32 sums of some hundred pixels.
    assert np.linalg.norm(derivatives - wanted) < 1e-4 * np.linalg.norm(wanted)


def test_a_body_has_the_derivatives_of_its_own_frame(case):
    """In a frame of its own the same Gaussians have turned derivatives by their means."""
    particles, of = case
    pose = matrix_from_xyz_rpy([0.3, -0.2, 0.4], [0.2, -0.4, 0.7])
    static = found(particles, **of)
    moved = found(particles.transformed(invert(pose)), **of, pose=pose)
    for name in ("colours", "opacities", "log_scales"):
        away = getattr(moved, name) - getattr(static, name)
        assert np.linalg.norm(away) < 1e-3 * np.linalg.norm(getattr(static, name))
    turned = moved.means @ pose[:3, :3].T
    assert np.linalg.norm(turned - static.means) < 1e-3 * np.linalg.norm(static.means)


def test_steps_lead_to_the_picture_they_descend_to(case):
    """Values that were disturbed come back as near to their own picture as steps are long."""
    particles, of = case
    view = camera_view(CAMERA, Shutter.GLOBAL)
    motion = motion_of(HERE, HERE, view.fractions)
    rules, sky = rules_of(RenderSettings()), of["sky"]
    true = joined(particles)
    frame = GaussianDrawing(true).draw(view, motion, rules)
    target = frame.colour + frame.transmittance[..., None] * sky
    rng = np.random.default_rng(3)
    moved = joined(particles)
    moved.harmonics[...] += rng.normal(0.0, 0.5, moved.harmonics.shape).astype(np.float32)
    moved.scales[...] *= np.exp(rng.uniform(-0.3, 0.3, moved.scales.shape)).astype(np.float32)
    descent = Descent(moved, Rates())
    errors = []
    for step in range(60):
        slope = slope_of(moved, view, motion, rules, target, sky)
        errors.append(slope.error)
        descent.step(slope, 1.0 - step / 60)
    assert errors[-1] < 0.03 * errors[0]


def test_what_has_rate_0_stays(case):
    particles, of = case
    moved = joined(particles)
    view = camera_view(CAMERA, Shutter.GLOBAL)
    motion = motion_of(HERE, HERE, view.fractions)
    slope = slope_of(moved, view, motion, rules_of(RenderSettings()), of["target"], of["sky"])
    Descent(moved, Rates(opacity=0.0, scale=0.0, shift=0.0)).step(slope, 1.0)
    assert np.array_equal(moved.opacities, particles.opacities)
    assert np.allclose(moved.scales, particles.scales_m, rtol=1e-6)
    assert np.array_equal(moved.means, particles.means_m)
    changed = np.abs(moved.harmonics[:, 0] - particles.sh[:, 0])
    assert changed.max() == pytest.approx(0.015 / C0, rel=1e-3)


def test_what_a_picture_shows_of_the_sky_is_told(case):
    """The share of its light that passes all Gaussians, and that times the pixel's error."""
    particles, of = case
    pixels = np.stack(np.meshgrid(np.arange(20), np.arange(24), indexing="ij"), -1).reshape(-1, 2)
    colour, passed, _ = brute_force(Double(particles), CAMERA, pixels, HERE, END)
    wanted = of["target"].reshape(-1, 3)
    away = colour + passed[:, None] * of["sky"].reshape(-1, 3) - wanted
    told = np.column_stack([passed[:, None] * away, passed])
    told[(wanted < 0.0).any(axis=1)] = 0.0
    assert np.allclose(found(particles, **of).behind.reshape(-1, 4), told, atol=1e-4)


def test_a_sky_becomes_what_is_seen_through_clear_pixels():
    """Ahead, where the view looks; not where it does not, nor where Gaussians hide it."""
    view = camera_view(ftheta(48, 40, (0.0, 40.0)), Shutter.GLOBAL)
    pose = np.eye(4)
    pose[:3, :3] = BODY_FROM_OPTICAL[:3, :3]
    motion = motion_of(pose, pose, view.fractions)
    descent = SkyDescent(np.full((6, 8, 8, 3), 0.5, np.float32))
    directions = view.rays @ pose[:3, :3].T
    wanted = np.where(directions[..., 2:] > 0.0, (0.2, 0.4, 0.9), (0.6, 0.5, 0.1))
    hidden = directions[..., 1] > 0.2  # to the left
    for _ in range(5):
        now = seen(descent.sky, directions.reshape(-1, 3)).reshape(wanted.shape)
        passed = np.where(hidden, 0.01, 1.0)[..., None]
        behind = np.concatenate([passed * (now - wanted), passed], axis=-1)
        descent.step(behind.astype(np.float32), view, motion)
    ahead = [[1.0, -0.1, 0.3], [1.0, -0.1, -0.3]]
    assert np.allclose(seen(descent.sky, ahead), [(0.2, 0.4, 0.9), (0.6, 0.5, 0.1)], atol=0.02)
    aside = [[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.6, 0.2]]
    assert np.array_equal(seen(descent.sky, aside), np.full((3, 3), 0.5, np.float32))
