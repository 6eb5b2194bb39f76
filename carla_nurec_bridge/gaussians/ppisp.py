"""What a recorded view's camera made of light: exposure, vignetting, colour, response (PPISP).

The formulas are those published with ``ppisp`` (version 1), in its order: exposure, vignetting,
colour, response. Latents of colour are offsets of four chromaticities, which a homography follows.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..core.frames import Matrix
from ..rendering.engines.jit import inlined, kernel
from ..rendering.engines.threads import part_count, share
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
_LEAST_SUM = 1e-5
_LINES = 16


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
        height, width = image.shape[:2]
        seen = np.empty((height, width, 3), np.uint8)
        shared = (float(self.gain), self.vignetting, self.colour, self._tones, image, seen)
        parts = part_count(-(-height // _LINES))
        share(lambda part: _develop(part, parts, *shared), parts)
        return seen

    @cached_property
    def _tones(self) -> NDArray[np.uint8]:
        """Return the curves as a table (65536, 3)."""
        levels = np.linspace(0.0, 1.0, 1 << 16)
        curves = np.stack([255.0 * _curve(levels, *curve) + 0.5 for curve in self.curves], axis=1)
        return np.clip(curves, 0.0, 255.0).astype(np.uint8)


@kernel
def _develop(part, parts, gain, vignetting, colour, tones, image, seen):
    """Develop every ``parts``-th block of lines; ``tones`` (65536, 3) are the curves."""
    height, width = image.shape[0], image.shape[1]
    longest = float(max(width, height))
    for block in range(part * _LINES, height, parts * _LINES):
        for row in range(block, min(block + _LINES, height)):
            v = (row + 0.5 - 0.5 * height) / longest
            for column in range(width):
                u = (column + 0.5 - 0.5 * width) / longest
                light = (
                    _lit(image[row, column, 0], gain, vignetting, 0, u, v),
                    _lit(image[row, column, 1], gain, vignetting, 1, u, v),
                    _lit(image[row, column, 2], gain, vignetting, 2, u, v),
                )
                total = light[0] + light[1] + light[2]
                x = colour[0, 0] * light[0] + colour[0, 1] * light[1] + colour[0, 2] * total
                y = colour[1, 0] * light[0] + colour[1, 1] * light[1] + colour[1, 2] * total
                z = colour[2, 0] * light[0] + colour[2, 1] * light[1] + colour[2, 2] * total
                scale = total / (z + _LEAST_SUM)
                red, green = x * scale, y * scale
                seen[row, column, 0] = tones[_level(red), 0]
                seen[row, column, 1] = tones[_level(green), 1]
                seen[row, column, 2] = tones[_level(total - red - green), 2]


@inlined
def _lit(value, gain, vignetting, channel, u, v):
    """Return a channel's light, 0 to 1, by exposure and vignetting."""
    across, down = u - vignetting[channel, 0], v - vignetting[channel, 1]
    square = across * across + down * down
    fall = 1.0 + square * (
        vignetting[channel, 2] + square * (vignetting[channel, 3] + square * vignetting[channel, 4])
    )
    return min(max(gain * value / 65535.0 * min(max(fall, 0.0), 1.0), 0.0), 1.0)


@inlined
def _level(share_of_white):
    # Written so that what is no number is black, and no index either.
    if not share_of_white > 0.0:
        return 0
    return int(min(share_of_white, 1.0) * 65535.0 + 0.5)


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


def _curve(x: Matrix, toe: float, shoulder: float, gamma: float, centre: float) -> Matrix:
    """Return the response: a toe up to the centre, a shoulder beyond, then a power."""
    height = shoulder * centre / (toe + centre * (shoulder - toe))
    low = height * (np.minimum(x, centre) / centre) ** toe
    high = 1.0 - (1.0 - height) * ((1.0 - np.maximum(x, centre)) / (1.0 - centre)) ** shoulder
    bent: Matrix = np.where(x <= centre, low, high) ** gamma
    return bent
