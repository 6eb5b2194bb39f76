"""The finished picture: Gaussians over what lies behind them, as 8-bit colours."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ...rendering.engines.jit import inlined, kernel
from ...rendering.engines.threads import part_count, share
from ..sky import SeamlessSky
from .frame import GaussianFrame
from .motion import Motion
from .views import GaussianView

f32 = np.float32
Depth = TypeVar("Depth", np.uint8, np.uint16)
_LINES = 16
LEAST_LIGHT = 1e-3
"""Less than this of the sky is not looked up."""
NO_SKY = SeamlessSky(np.zeros((6, 3, 3, 3), np.float32))
"""Black all around."""


def composed(
    frame: GaussianFrame,
    view: GaussianView,
    motion: Motion,
    sky: SeamlessSky | None,
    behind: NDArray[np.uint8] | None = None,
    stands: NDArray[np.bool_] | None = None,
    *,
    depth: type[Depth],
) -> NDArray[Depth]:
    """Return the picture (H, W, 3) of so many bits a channel: 16 for what changes its tones.

    ``behind`` (H, W, 3) is a picture that shows through where ``stands`` (H, W), or everywhere
    without it; elsewhere the ``sky`` does, black without one. Colours are added as they are stored
    and cut off at 0 and 1; rays that see nothing are black.
    """
    height, width = frame.transmittance.shape
    image = np.empty((height, width, 3), depth)
    cube = (NO_SKY if sky is None else sky).texels
    back = np.empty((0, 0, 3), np.uint8) if behind is None else behind
    solid = np.empty((0, 0), np.bool_) if stands is None else stands
    top = np.float32(np.iinfo(depth).max)
    shared = (motion.ray_turns, view.rays, view.transposed, cube, back, solid, top)
    parts = part_count(-(-height // _LINES))
    share(
        lambda part: _compose(part, parts, frame.colour, frame.transmittance, *shared, image), parts
    )
    return image


@inlined
def _texel(size, value):
    """Return the texels around a coordinate of -1 to 1, borders counted, and the second's share."""
    at = f32(0.5) * (value + f32(1.0)) * f32(size) + f32(0.5)
    low = min(max(int(at), 0), size)
    return low, low + 1, at - f32(low)


@inlined
def _face(x, y, z):
    """Return (face, u, v) of a direction in nre (x forward, y left, z up); u and v -1 to 1.

    Cube maps are OpenGL's, of the direction (-y, z, -x).
    """
    gx, gy, gz = -y, z, -x
    ax, ay, az = abs(gx), abs(gy), abs(gz)
    if ax >= ay and ax >= az:
        if gx > f32(0.0):
            return 0, -gz / ax, -gy / ax
        return 1, gz / ax, -gy / ax
    if ay >= az:
        if gy > f32(0.0):
            return 2, gx / ay, gz / ay
        return 3, gx / ay, -gz / ay
    if gz > f32(0.0):
        return 4, gx / az, -gy / az
    return 5, -gx / az, -gy / az


@kernel
def _compose(
    part, parts, colour, passed, ray_turns, rays, transposed, sky, behind, stands, top, image
):
    """Compose every ``parts``-th block of lines of a picture."""
    height, width = passed.shape
    size = sky.shape[1] - 2
    plain, partly = behind.shape[0] > 0, stands.shape[0] > 0
    for block in range(part * _LINES, height, parts * _LINES):
        for v in range(block, min(block + _LINES, height)):
            for u in range(width):
                line, sample = (u, v) if transposed else (v, u)
                light = passed[v, u]
                red, green, blue = f32(0.0), f32(0.0), f32(0.0)
                x, y, z = rays[line, sample, 0], rays[line, sample, 1], rays[line, sample, 2]
                if x * x + y * y + z * z == f32(0.0):
                    image[v, u, 0], image[v, u, 1], image[v, u, 2] = 0, 0, 0
                    continue
                if plain and (not partly or stands[v, u]):
                    share_of_one = light * f32(1.0 / 255.0)
                    red = share_of_one * f32(behind[v, u, 0])
                    green = share_of_one * f32(behind[v, u, 1])
                    blue = share_of_one * f32(behind[v, u, 2])
                elif light > f32(LEAST_LIGHT):
                    turn = ray_turns[line]
                    face, across, down = _face(
                        turn[0, 0] * x + turn[0, 1] * y + turn[0, 2] * z,
                        turn[1, 0] * x + turn[1, 1] * y + turn[1, 2] * z,
                        turn[2, 0] * x + turn[2, 1] * y + turn[2, 2] * z,
                    )
                    i, ii, fx = _texel(size, across)
                    j, jj, fy = _texel(size, down)
                    a, b = light * (f32(1.0) - fy) * (f32(1.0) - fx), light * (f32(1.0) - fy) * fx
                    c, d = light * fy * (f32(1.0) - fx), light * fy * fx
                    red = (
                        a * sky[face, j, i, 0]
                        + b * sky[face, j, ii, 0]
                        + c * sky[face, jj, i, 0]
                        + d * sky[face, jj, ii, 0]
                    )
                    green = (
                        a * sky[face, j, i, 1]
                        + b * sky[face, j, ii, 1]
                        + c * sky[face, jj, i, 1]
                        + d * sky[face, jj, ii, 1]
                    )
                    blue = (
                        a * sky[face, j, i, 2]
                        + b * sky[face, j, ii, 2]
                        + c * sky[face, jj, i, 2]
                        + d * sky[face, jj, ii, 2]
                    )
                red, green, blue = (
                    red + colour[v, u, 0],
                    green + colour[v, u, 1],
                    blue + colour[v, u, 2],
                )
                half = f32(0.5)
                image[v, u, 0] = int(min(max(red, f32(0.0)), f32(1.0)) * top + half)
                image[v, u, 1] = int(min(max(green, f32(0.0)), f32(1.0)) * top + half)
                image[v, u, 2] = int(min(max(blue, f32(0.0)), f32(1.0)) * top + half)
