"""One picture's error and its derivatives by all Gaussians, on all threads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...rendering.engines.threads import part_count, share
from ..drawing.motion import Motion
from ..drawing.particles import Particles, Rules
from ..drawing.tiles import Projection, tiles_of
from ..drawing.views import GaussianView
from .gradients import GRADIENT, SCRATCH, descend, gather

Floats = NDArray[np.float32]
_NOT_APART, _NO_END = np.empty((0, 0, 3), np.float32), np.empty((0, 0), np.float32)


@dataclass(frozen=True, eq=False)
class Slope:
    """An image's sum of squared errors, and its derivatives by each Gaussian's (N, ...) values.

    * seen uint32 (V,): the numbers of the Gaussians that are in the image.
    * colours (N, 3), opacities (N,), log_scales (N, 3), means (N, 3), in the frames of the
      particles, float32; 0 for those that are not seen.
    * behind (lines, samples, 4): each pixel's error in red, green and blue, times the share of
      light from behind all Gaussians, then that share; 0 where nothing is wanted.
    """

    error: float
    seen: NDArray[np.uint32]
    colours: Floats
    opacities: Floats
    log_scales: Floats
    means: Floats
    behind: Floats


def slope_of(
    particles: Particles,
    view: GaussianView,
    motion: Motion,
    rules: Rules,
    target: Floats,
    sky: Floats,
) -> Slope:
    """Return the error of an image against ``target`` over ``sky``, both (H, W, 3).

    Pixels whose target is negative do not count. Where a Gaussian ends (its smallest response, and
    the tiles it is in) is held fixed. Equal input gives equal output on any number of threads.
    """
    projection = Projection(particles)
    lists, records = projection.lists(view, motion, rules), projection.records
    across, along = tiles_of(view)
    by_lines = (1, 0, 2) if view.transposed else (0, 1, 2)
    wanted, behind = (
        np.ascontiguousarray(image.transpose(by_lines), np.float32) for image in (target, sky)
    )
    errors = np.empty(across * along)
    gradients = np.empty((len(lists.entries), GRADIENT), np.float32)
    behind_all = np.zeros((*wanted.shape[:2], 4), np.float32)
    tiles = np.argsort(-np.diff(lists.starts), kind="stable")
    tile_parts = part_count(len(tiles))

    def work(part: int) -> None:
        descend(
            part,
            tile_parts,
            tiles,
            across,
            lists.starts,
            lists.entries,
            records,
            particles.bodies,
            motion,
            view.rays,
            _NOT_APART,
            _NO_END,
            wanted,
            behind,
            rules,
            np.empty(SCRATCH, np.float32),
            errors,
            gradients,
            behind_all,
        )

    share(work, tile_parts)
    sums = np.zeros((len(particles.means), GRADIENT), np.float32)
    gather(lists.entries, gradients, sums)
    if rules.antialiased:
        # The blend knows the opacity that the low pass has left.
        sums[lists.order, 3] *= records[lists.order, 12] / particles.opacities[lists.order]
    return Slope(
        float(errors.sum()),
        lists.order,
        sums[:, :3],
        sums[:, 3],
        sums[:, 4:7],
        sums[:, 7:],
        behind_all,
    )
