"""A sky fitted to what pictures show of it: each texel the mean of what is seen through it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..cloud import Floats
from ..drawing.motion import Motion
from ..drawing.views import GaussianView
from ..sky import texels_of

_LEAST_LIGHT = 0.5
"""Through less than this of its light a pixel tells nothing of the sky."""
_FADING = 0.9
_TRUST = 0.5
"""How much a texel's value weighs before it was seen, in pixels of clear sky."""


class SkyDescent:
    """Moves the texels of a cube map (6, S, S, 3), 0 to 1, to where pictures agree best.

    A pixel's error is linear in the sky behind it, so a texel steps to the least squares of all
    pixels that it was seen in, the latest counting most.
    """

    def __init__(self, sky: Floats) -> None:
        self.sky = sky.astype(np.float32)
        self._weights = np.full(sky.shape[:3], _TRUST)

    def step(self, behind: Floats, view: GaussianView, motion: Motion) -> None:
        """Take the step of one picture; ``behind`` is that of its ``Slope``."""
        line, sample = np.nonzero(behind[..., 3] > _LEAST_LIGHT)
        if not len(line):
            return
        rays = view.rays[line, sample]
        directions = np.einsum("nij,nj->ni", motion.ray_turns[line], rays)
        texels, shares = _around(directions, self.sky.shape[1])
        light = behind[line, sample].astype(np.float64)
        count = self._weights.size
        own = [shares * light[:, [k]] for k in range(3)] + [shares * light[:, [3]] ** 2]
        *errors, weight = (
            np.bincount(texels.ravel(), each.ravel(), count).reshape(self._weights.shape)
            for each in own
        )
        seen = weight > 0.0
        self._weights[seen] = _FADING * self._weights[seen] + weight[seen]
        away = np.stack(errors, axis=-1)[seen] / self._weights[seen][:, None]
        self.sky[seen] = np.clip(self.sky[seen] - away, 0.0, 1.0)


def _around(directions: NDArray[np.float64], side: int) -> tuple[NDArray[np.intp], Floats]:
    """Return the four texels (N, 4) of a face around each direction, and their shares."""
    face, u, v = texels_of(directions)
    places = np.stack([u, v]) * side - 0.5
    low = np.clip(np.floor(places), 0, max(side - 2, 0)).astype(np.intp)
    high = np.minimum(low + 1, side - 1)
    beyond = np.clip(places - low, 0.0, 1.0)
    texels, shares = [], []
    for rows, part_v in ((low[1], 1.0 - beyond[1]), (high[1], beyond[1])):
        for columns, part_u in ((low[0], 1.0 - beyond[0]), (high[0], beyond[0])):
            texels.append((face * side + rows) * side + columns)
            shares.append(part_u * part_v)
    return np.stack(texels, axis=1), np.stack(shares, axis=1).astype(np.float32)
