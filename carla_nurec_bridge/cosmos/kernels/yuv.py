"""Colours of a video as encoders take them: YUV 4:2:0 of BT.601, limited range.

FFmpeg's converter takes three times as long for it, and comes within a level of the same.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ...core.loading.compiled import compiled
from ...labels.frame import ByteImage

_BITS = 15
_RED, _BLUE = 0.299, 0.114  # BT.601-7, 2.5.1
_GREEN = 1.0 - _RED - _BLUE


def _weights() -> NDArray[np.int32]:
    """Return (3, 3) int32: what of R, G and B (0 to 255) is in Y, Cb and Cr, times 2 ** 15."""
    luma = np.array([_RED, _GREEN, _BLUE])
    blue = (np.array([0.0, 0.0, 1.0]) - luma) / (2.0 * (1.0 - _BLUE))
    red = (np.array([1.0, 0.0, 0.0]) - luma) / (2.0 * (1.0 - _RED))
    levels = np.stack([219.0 * luma, 224.0 * blue, 224.0 * red]) / 255.0
    return np.round(levels * (1 << _BITS)).astype(np.int32)


_WEIGHTS = _weights()
_GREY_LUMA = np.round(16.0 + 219.0 / 255.0 * np.arange(256)).astype(np.uint8)
_NO_DIFFERENCE = 128


class Yuv420:
    """Converts pictures of one even size; what lies between is kept for the next."""

    def __init__(self, width: int, height: int) -> None:
        self._planes = np.empty((3, height, width), np.uint8)
        self._each = list(self._planes)
        self._halved = np.empty((2, height, width // 2), np.int16)

    def convert(self, rgb: ByteImage) -> ByteImage:
        """Return the planes of a picture (H, W, 3) RGB: (3 H / 2, W), Y above Cb and Cr.

        A colour difference lies between the two columns and the two rows that it is of, as in
        MPEG-1 and JPEG: the mean of two pixels across, weights of 1, 3, 3 and 1 down.
        """
        height, width = rgb.shape[:2]
        cv2.split(rgb, self._each)
        yuv = np.empty((height * 3 // 2, width), np.uint8)
        differences = yuv[height:].reshape(2, height // 2, width // 2)
        _convert(self._planes, _WEIGHTS, self._halved, yuv[:height], differences)
        return yuv

    def convert_grey(self, grey: ByteImage) -> ByteImage:
        """Return the planes of grey levels (H, W), as ``convert`` does."""
        height, width = grey.shape
        yuv = np.empty((height * 3 // 2, width), np.uint8)
        cv2.LUT(grey, _GREY_LUMA, yuv[:height])
        yuv[height:] = _NO_DIFFERENCE
        return yuv


def make_ready() -> None:
    """Have the machine code, compiling what the disk does not keep yet."""
    _convert.make_ready()


@compiled(
    "void(uint8[:,:,::1], int32[:,::1], int16[:,:,::1], uint8[:,::1], uint8[:,:,::1])",
    nogil=True,
    error_model="numpy",
)
def _convert(planes, weights, halved, luma, differences):  # type: ignore[no-untyped-def]
    """Write ``luma`` (H, W) and ``differences`` (2, H / 2, W / 2) of ``planes`` (3, H, W) RGB.

    ``halved`` (2, H, W / 2) takes the differences of each row, 64 times a level.
    """
    height, width = luma.shape
    half = width // 2
    red, green, blue = weights[0, 0], weights[0, 1], weights[0, 2]
    middle = np.int32((16 << 15) + (1 << 14))
    for row in range(height):
        r, g, b, out = planes[0, row], planes[1, row], planes[2, row], luma[row]
        for x in range(width):
            out[x] = (red * r[x] + green * g[x] + blue * b[x] + middle) >> np.int32(15)
    middle = np.int32((128 << 16) + (1 << 9))
    for kind in range(2):
        red, green, blue = weights[kind + 1, 0], weights[kind + 1, 1], weights[kind + 1, 2]
        for row in range(height):
            r, g, b, wide = planes[0, row], planes[1, row], planes[2, row], halved[kind, row]
            for x in range(half):
                both_r = np.int32(r[2 * x]) + np.int32(r[2 * x + 1])
                both_g = np.int32(g[2 * x]) + np.int32(g[2 * x + 1])
                both_b = np.int32(b[2 * x]) + np.int32(b[2 * x + 1])
                wide[x] = (red * both_r + green * both_g + blue * both_b + middle) >> np.int32(10)
        for row in range(height // 2):
            above, upper = halved[kind, max(2 * row - 1, 0)], halved[kind, 2 * row]
            lower, below = halved[kind, 2 * row + 1], halved[kind, min(2 * row + 2, height - 1)]
            out = differences[kind, row]
            for x in range(half):
                outer = np.int32(above[x]) + np.int32(below[x])
                inner = np.int32(upper[x]) + np.int32(lower[x])
                out[x] = (outer + np.int32(3) * inner + np.int32(256)) >> np.int32(9)
