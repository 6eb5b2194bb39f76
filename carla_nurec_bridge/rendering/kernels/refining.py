"""Parts of the kernel that draws pixels on edges again, from four points inside each."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from ..engines.jit import once
from ..engines.packet import LANES, SHOWN
from .tracing import aim, start

f32 = np.float32
PIXELS = LANES // 4
"""How many pixels one packet refines."""


@once
def aim_edges(page, page_i, first, edges, rays, poses, origins, times, per_row):
    """Aim the lanes through four points inside each of four pixels of the list ``edges``.

    Rays between pixel centres are interpolated from the neighbours' rays.
    """
    height, width = rays.shape[0], rays.shape[1]
    for lane in range(LANES):
        index = min(first + lane // 4, len(edges) - 1)
        row, column = edges[index, 0], edges[index, 1]
        k = row if per_row else column
        sample = lane % 4
        # A rotated square: every sample has a row and a column of its own.
        right = f32(-0.125) if sample == 0 else f32(0.375)
        right = f32(-0.375) if sample == 1 else right
        right = f32(0.125) if sample == 3 else right
        down = f32(0.25) * f32(sample) - f32(0.375)
        beside = (
            column + 1 if (right > f32(0.0) and column + 1 < width) or column == 0 else column - 1
        )
        below = row + 1 if (down > f32(0.0) and row + 1 < height) or row == 0 else row - 1
        right = right if beside > column else -right
        down = down if below > row else -down
        x, y, z = rays[row, column, 0], rays[row, column, 1], rays[row, column, 2]
        dx = right * (rays[row, beside, 0] - x) + down * (rays[below, column, 0] - x)
        dy = right * (rays[row, beside, 1] - y) + down * (rays[below, column, 1] - y)
        dz = right * (rays[row, beside, 2] - z) + down * (rays[below, column, 2] - z)
        x, y, z = x + dx, y + dy, z + dz
        length = np.sqrt(x * x + y * y + z * z)
        scale = f32(1.0) / length if length > f32(0.0) else f32(0.0)
        aim(page, page_i, lane, x * scale, y * scale, z * scale, poses, k, times[k])
        start(page, lane, origins, k)


@once
def write_edges(page_i, first, edges, display, rgb):
    """Write the means of the display's bytes of SHOWN to the pixels that the lanes are aimed at."""
    for pixel in range(min(PIXELS, len(edges) - first)):
        row, column = edges[first + pixel, 0], edges[first + pixel, 1]
        for channel in range(3):
            # The mean of the squares is close to a mean of light, after tone mapping.
            total = f32(0.0)
            for lane in range(4 * pixel, 4 * pixel + 4):
                seen = f32(display[page_i[SHOWN + LANES * channel + lane]])
                total += seen * seen
            rgb[row, column, channel] = np.uint8(np.sqrt(f32(0.25) * total) + f32(0.5))
