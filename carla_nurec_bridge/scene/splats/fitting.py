"""A scene's Gaussians fitted to pictures: view by view, each a step against its error."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ...gaussians.cloud import Floats, GaussianCloud
from ...gaussians.drawing.compose import composed
from ...gaussians.drawing.frame import GaussianFrame
from ...gaussians.drawing.motion import Motion, motion_of
from ...gaussians.drawing.particles import Particles
from ...gaussians.drawing.views import camera_view, rules_for
from ...gaussians.fitting.descent import Descent, Rates
from ...gaussians.fitting.sky_descent import SkyDescent
from ...gaussians.fitting.slope import slope_of
from ...gaussians.scene import GaussianScene
from ...gaussians.sky import SeamlessSky, seamless
from ..package.model import Scene
from .fit_views import FitView
from .recorded_gaussians import bodies_at, particles_of

_LAST_SHARE = 0.05
_CAMERAS = 32
_SKY_PX = 128


@dataclass(frozen=True)
class FitWish:
    """How many steps are taken, how far they go, and the seed of the order of views."""

    steps: int = 600
    rates: Rates = field(default_factory=Rates)
    seed: int = 0


def fitted(
    scene: Scene,
    gaussians: GaussianScene,
    views: Sequence[FitView],
    wish: FitWish,
    on_step: Callable[[int, float], None] = lambda done, psnr_db: None,
    stop: threading.Event | None = None,
) -> GaussianScene:
    """Return the Gaussians and the sky after steps on the views that are not held out.

    A scene without a sky gets one, black where no view sees it.
    ``on_step`` is told how many are done, and the last view's PSNR before its step. ``stop`` ends
    it early with what has been reached. Equal input gives equal output.
    """
    pictures = [FitPicture(scene, gaussians, view) for view in views if not view.held_out]
    black = np.zeros((6, _SKY_PX, _SKY_PX, 3), np.float32)
    sky = SkyDescent(black if gaussians.sky is None else gaussians.sky)
    particles = particles_of(gaussians)
    descent = Descent(particles, wish.rates)
    rng = np.random.default_rng(wish.seed)
    order: list[int] = []
    for done in range(wish.steps):
        if stop is not None and stop.is_set():
            break
        order = order or rng.permutation(len(pictures)).tolist()
        picture = pictures[order.pop()]
        motion, target = picture.motion(), picture.target
        rules = rules_for(gaussians.settings, picture.view)
        behind = picture.sky(motion, seamless(sky.sky))
        slope = slope_of(particles, picture.view, motion, rules, target, behind)
        share = 0.5 * (1.0 + np.cos(np.pi * done / wish.steps))
        descent.step(slope, _LAST_SHARE + (1.0 - _LAST_SHARE) * share)
        sky.step(slope.behind, picture.view, motion)
        on_step(done + 1, _psnr_db(slope.error / target.size))
    return replace(_scene_of(gaussians, particles), sky=sky.sky)


class FitPicture:
    """A view as the fit needs it; ``view`` are its rays."""

    def __init__(self, scene: Scene, gaussians: GaussianScene, view: FitView) -> None:
        self._scene, self._gaussians, self._view = scene, gaussians, view
        self.view = _rays(view.model, view.shutter, gaussians.settings.image_margin_factor)

    @property
    def target(self) -> Floats:
        """Return the picture (H, W, 3), 0 to 1."""
        return _shares(self._view.image)

    def sky(self, motion: Motion, sky: SeamlessSky) -> Floats:
        """Return what lies behind all Gaussians (H, W, 3), 0 to 1."""
        shape = self._view.image.shape[:2]
        zero, one = np.zeros((*shape, 3), np.float32), np.ones(shape, np.float32)
        nothing = GaussianFrame(zero, one, np.zeros(shape, np.float32), None, None)
        seen = composed(nothing, self.view, motion, sky, depth=np.uint8)
        return _shares(seen)

    def motion(self) -> Motion:
        """Return where the camera and the road users are while it is exposed."""
        view, nre_from_world = self._view, self._gaussians.nre_from_world
        start, end = (nre_from_world @ pose for pose in view.world_from_camera)
        bodies = bodies_at(self._scene, self._gaussians, (view.start_us, view.end_us))
        return motion_of(start, end, self.view.fractions, bodies)


_rays = lru_cache(maxsize=_CAMERAS)(camera_view)
"""Views are of few cameras."""


def _scene_of(gaussians: GaussianScene, particles: Particles) -> GaussianScene:
    """Return the scene with the values of ``particles_of`` of it as they are now."""
    layers, first = {}, 0
    for name, cloud in gaussians.layers.items():
        layers[name] = _cloud_of(cloud, particles, np.arange(first, first + len(cloud)))
        first += len(cloud)
    rigid = gaussians.rigid
    if rigid is not None:
        # Sorted by cuboid there, in their own order here.
        places = np.empty(len(rigid.cloud), np.intp)
        places[np.argsort(rigid.cuboid_ids, kind="stable")] = np.arange(len(rigid.cloud)) + first
        rigid = replace(rigid, cloud=_cloud_of(rigid.cloud, particles, places))
    return replace(gaussians, layers=layers, rigid=rigid)


def _cloud_of(cloud: GaussianCloud, particles: Particles, rows: NDArray[np.intp]) -> GaussianCloud:
    return replace(
        cloud,
        means_m=particles.means[rows],
        scales_m=particles.scales[rows],
        opacities=particles.opacities[rows],
        sh=particles.harmonics[rows, : cloud.sh.shape[1]],
    )


def _shares(image: NDArray[np.uint8]) -> Floats:
    """Return an image's values as 0 to 1."""
    shares: Floats = image.astype(np.float32) / np.float32(255)
    return shares


def _psnr_db(mean_square: float) -> float:
    return float(-10.0 * np.log10(max(mean_square, 1e-10)))
