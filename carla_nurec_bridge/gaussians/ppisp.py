"""What a recorded view's camera made of light: exposure, vignetting, colour, response (PPISP).

The formulas are those published with ``ppisp`` (version 1), in its order: exposure, vignetting,
colour, response. Latents of colour are offsets of four chromaticities, which a homography follows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..core.frames import Matrix
from .cloud import Floats
from .scene import Ppisp

_FROM_LATENTS = np.array(
    [
        [[0.0480542, -0.0043631], [-0.0043631, 0.0481283]],
        [[0.0580570, -0.0179872], [-0.0179872, 0.0431061]],
        [[0.0433336, -0.0180537], [-0.0180537, 0.0580500]],
        [[0.0128369, -0.0034654], [-0.0034654, 0.0128158]],
    ]
)
"""Of blue, red, green and neutral: what takes two latents to a shift of chromaticity."""
_CHROMATICITIES = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0 / 3.0, 1.0 / 3.0]])
_BARYCENTRIC = np.array([[-1.0, -1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
_LEAST_SQUARE = 1e-20
_LEAST_SUM = np.float32(1e-5)


@dataclass(frozen=True, eq=False)
class ViewResponse:
    """What one view's camera does to colours of 0 to 1.

    ``gain`` is the factor of exposure; ``vignetting`` (3, 5) a centre and three terms of each
    channel; ``colour`` (3, 3) the homography of (red, green, sum); ``curves`` (3, 4) toe, shoulder,
    gamma and centre.
    """

    gain: float
    vignetting: Matrix
    colour: Matrix
    curves: Matrix

    def applied(self, image: NDArray[np.uint16]) -> NDArray[np.uint8]:
        """Return the picture (H, W, 3) that the camera makes of one of 16 bits a channel."""
        light = image.astype(np.float32) * np.float32(self.gain / 65535.0)
        light *= self._vignette(*image.shape[:2])
        light = self._coloured(np.clip(light, 0.0, 1.0, out=light))
        for channel, curve in enumerate(self.curves):
            light[..., channel] = _curve(light[..., channel], *map(float, curve))
        return np.clip(255.0 * light + 0.5, 0.0, 255.0).astype(np.uint8)

    def _vignette(self, height: int, width: int) -> Floats:
        longest = max(width, height)
        u = (np.arange(width) + 0.5 - 0.5 * width) / longest
        v = (np.arange(height) + 0.5 - 0.5 * height) / longest
        factors = np.empty((height, width, 3), np.float32)
        for channel, (cu, cv, *terms) in enumerate(self.vignetting):
            square = (u - cu) ** 2 + (v[:, None] - cv) ** 2
            fall = 1.0 + square * (terms[0] + square * (terms[1] + square * terms[2]))
            factors[..., channel] = np.clip(fall, 0.0, 1.0)
        return factors

    def _coloured(self, light: Floats) -> Floats:
        total = light.sum(axis=2)
        mapped = np.stack([light[..., 0], light[..., 1], total], axis=2) @ self.colour.T.astype(
            "f4"
        )
        mapped *= (total / (mapped[..., 2] + _LEAST_SUM))[..., None]
        mapped[..., 2] = total - mapped[..., 0] - mapped[..., 1]
        return np.clip(mapped, 0.0, 1.0)


def view_response(ppisp: Ppisp, camera: int, frame: int) -> ViewResponse:
    """Return the response of a frame of a camera, both by number."""
    view = camera * (len(ppisp.exposure) // len(ppisp.vignetting)) + frame
    raw = ppisp.response[camera].astype(np.float64)
    soft = np.logaddexp(0.0, raw)
    curves = [
        0.3 + soft[:, 0],
        0.3 + soft[:, 1],
        0.1 + soft[:, 2],
        1.0 / (1.0 + np.exp(-raw[:, 3])),
    ]
    return ViewResponse(
        float(2.0 ** ppisp.exposure[view]),
        ppisp.vignetting[camera].astype(np.float64),
        colour_homography(ppisp.colour[view].astype(np.float64)),
        np.stack(curves, axis=1),
    )


def colour_homography(latents: Matrix) -> Matrix:
    """Return what takes (red, green, sum) to those of shifted colours, of eight latents."""
    shifts = np.einsum("kij,kj->ki", _FROM_LATENTS, latents.reshape(4, 2))
    targets = np.column_stack([_CHROMATICITIES + shifts, np.ones(4)])
    corners, neutral = targets[:3].T, targets[3]
    rows = np.cross(neutral, corners.T).T
    weights = np.cross(rows[0], rows[1])
    for a, b in ((0, 2), (1, 2)):
        if weights @ weights < _LEAST_SQUARE:
            weights = np.cross(rows[a], rows[b])
    matrix: Matrix = corners * weights @ _BARYCENTRIC
    return matrix / matrix[2, 2]


def _curve(x: Floats, toe: float, shoulder: float, gamma: float, centre: float) -> Floats:
    """Return the response: a toe up to the centre, a shoulder beyond, then a power."""
    # Plain numbers, so that the picture stays float32.
    height = shoulder * centre / (toe + centre * (shoulder - toe))
    low = height * (np.minimum(x, centre) / centre) ** toe
    high = 1.0 - (1.0 - height) * ((1.0 - np.maximum(x, centre)) / (1.0 - centre)) ** shoulder
    bent = np.where(x <= centre, low, high) ** gamma
    return bent.astype(np.float32, copy=False)
