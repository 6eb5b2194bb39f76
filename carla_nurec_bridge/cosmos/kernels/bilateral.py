"""The bilateral filter of colour pictures, with the weights and the window of OpenCV's.

OpenCV looks up the weight of a difference in colour, pixel by pixel; computed, it takes 16 at once
and less than half of the time.
"""

from __future__ import annotations

import cv2
import numpy as np

from ...core.loading.compiled import compiled
from ...labels.frame import ByteImage

_F = np.float32
_ROOT = 64  # exp(t) is made as exp(t / 64) ** 64, which is 0.5 at least for what counts
_LEAST = np.float32(-2.0)
"""Of t: below it the series of exp rises again, and 1e-31 counts for nothing as well."""


def bilateral(rgb: ByteImage, diameter: int, colour: float, space: float) -> ByteImage:
    """Return the picture (H, W, 3) smoothed over a disc of ``diameter`` pixels, edges kept.

    A neighbour counts by exp(-d^2 / (2 s^2)) of the sum of its channels' differences in levels,
    with ``colour`` as s, and of its distance in pixels, with ``space``. Beyond the border the
    picture is mirrored.
    """
    height, width = rgb.shape[:2]
    reach = diameter // 2
    wider = cv2.copyMakeBorder(rgb, reach, reach, reach, reach, cv2.BORDER_REFLECT_101)
    planes = np.ascontiguousarray(np.moveaxis(wider, 2, 0), np.float32)
    down, right = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.int32)
    distance2 = down**2 + right**2
    within = distance2 <= reach**2
    offsets = np.stack([down[within], right[within]], axis=1) + np.int32(reach)
    near = np.exp(distance2[within] / (-2.0 * space**2)).astype(np.float32)
    falloff = np.float32(-1.0 / (2.0 * colour**2 * _ROOT))
    smooth = np.empty((height, width, 3), np.uint8)
    _smooth(planes, offsets, near, falloff, np.empty((4, width), np.float32), smooth)
    return smooth


def make_ready() -> None:
    """Have the machine code, compiling what the disk does not keep yet."""
    _smooth.make_ready()


@compiled(
    "void(float32[:,:,::1], int32[:,::1], float32[::1], float32, float32[:,::1], uint8[:,:,::1])",
    nogil=True,
    error_model="numpy",
    fastmath={"contract"},
)
def _smooth(planes, offsets, near, falloff, sums, out):  # type: ignore[no-untyped-def]
    """Write ``out`` (H, W, 3): its (y, x) from ``planes`` (3, ...) at (y, x) + ``offsets`` (N, 2).

    ``near`` (N,) weighs by distance; ``falloff`` times a squared difference of colours is the
    logarithm of the root of its weight; ``sums`` (4, W) takes a row's colours and weights.
    """
    height, width = out.shape[0], out.shape[1]
    reach = (planes.shape[1] - height) // 2
    red, green, blue, weights = sums[0], sums[1], sums[2], sums[3]
    for row in range(height):
        y, left, right = row + reach, reach, reach + width
        mr, mg, mb = planes[0, y, left:right], planes[1, y, left:right], planes[2, y, left:right]
        red[:], green[:], blue[:], weights[:] = _F(0.0), _F(0.0), _F(0.0), _F(0.0)
        for tap in range(len(offsets)):
            y, left = row + offsets[tap, 0], offsets[tap, 1]
            right = left + width
            r, g, b = planes[0, y, left:right], planes[1, y, left:right], planes[2, y, left:right]
            for x in range(width):
                apart = abs(r[x] - mr[x]) + abs(g[x] - mg[x]) + abs(b[x] - mb[x])
                t = max(apart * apart * falloff, _LEAST)
                # The series of exp, then six times squared.
                e = _F(1.0) + t * (_F(1.0) + t * (_F(1 / 2) + t * (_F(1 / 6) + t * _F(1 / 24))))
                e *= e
                e *= e
                e *= e
                e *= e
                e *= e
                e *= e
                e *= near[tap]
                red[x] += e * r[x]
                green[x] += e * g[x]
                blue[x] += e * b[x]
                weights[x] += e
        for x in range(width):
            part = _F(1.0) / weights[x]
            out[row, x, 0] = np.uint8(red[x] * part + _F(0.5))
            out[row, x, 1] = np.uint8(green[x] * part + _F(0.5))
            out[row, x, 2] = np.uint8(blue[x] * part + _F(0.5))
