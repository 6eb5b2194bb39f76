"""A camera's lens: image size, field of view, and what the lens attributes bend and darken."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .....core.errors import InputError
from ...attributes import real, whole
from ...world.actors import EpisodeActor

LARGEST_SIDE = 16384
STRAIGHT_K = -1.0
LENS_STEPS = 30
FARTHEST_OUT = 3.0
"""Half widths from the middle beyond which nothing is looked for."""


@dataclass(frozen=True)
class Optics:
    """Image size in pixels, horizontal field of view in degrees, and the lens.

    With CARLA's default ``k`` of -1 and ``kcube`` of 0 the camera is an exact pinhole. Away from
    them rays bend as lens shaders do it: a point at (x, y), half widths from the middle, looks
    where x and y times 1 + r^2 (k + 1 + kcube r) would, with r^2 = x_size x^2 + y_size y^2.
    """

    width: int
    height: int
    fov_deg: float
    k: float = STRAIGHT_K
    kcube: float = 0.0
    x_size: float = 0.08
    y_size: float = 0.08

    @staticmethod
    def of(actor: EpisodeActor) -> Optics:
        """Read a camera's attributes; InputError when they make no image."""
        values = actor.attributes
        optics = Optics(
            whole(values, "image_size_x"),
            whole(values, "image_size_y"),
            real(values, "fov"),
            real(values, "lens_k", "-1"),
            real(values, "lens_kcube", "0"),
            max(real(values, "lens_x_size", "0.08"), 0.0),
            max(real(values, "lens_y_size", "0.08"), 0.0),
        )
        if not (0 < optics.width <= LARGEST_SIDE and 0 < optics.height <= LARGEST_SIDE):
            raise InputError(f"a camera image cannot be {optics.width} x {optics.height} pixels")
        if not 0.0 < optics.fov_deg < 180.0:
            raise InputError(f"a camera's fov must be within 0..180 degrees, not {optics.fov_deg}")
        return optics

    def pixel_of(self, point: NDArray[np.float64]) -> tuple[float, float] | None:
        """Return where a point (3,) of the optical frame, metres, is seen, in pixels (x, y).

        None for points behind the camera and those far outside the image.
        """
        if point[2] <= 0.0:
            return None
        across, down = point[:2] / point[2] * self.focal_px / (0.5 * self.width)
        x, y = float(across), float(down)
        for _ in range(LENS_STEPS if self.bends else 0):
            square = self.x_size * x * x + self.y_size * y * y
            scale = 1.0 + square * (self.k - STRAIGHT_K + self.kcube * square**0.5)
            if scale <= 0.0:
                return None
            x, y = float(across) / scale, float(down) / scale
        if max(abs(x), abs(y)) > FARTHEST_OUT:
            return None
        return 0.5 * self.width * (1.0 + x), 0.5 * (self.height + self.width * y)

    @property
    def bends(self) -> bool:
        """Whether the lens attributes bend rays."""
        return self.k != STRAIGHT_K or self.kcube != 0.0

    @property
    def focal_px(self) -> float:
        """The focal length in pixels."""
        return 0.5 * self.width / float(np.tan(np.radians(0.5 * self.fov_deg)))


@dataclass(frozen=True)
class Vignette:
    """The dark circle of a lens: light is lost by ``multiplier`` times radius to ``falloff``."""

    multiplier: float
    falloff: float

    @staticmethod
    def of(actor: EpisodeActor) -> Vignette:
        """Read a camera's attributes."""
        values = actor.attributes
        return Vignette(
            max(real(values, "lens_circle_multiplier", "0"), 0.0),
            max(real(values, "lens_circle_falloff", "5"), 0.0),
        )


@lru_cache(maxsize=16)
def rays(optics: Optics) -> NDArray[np.float32]:
    """Return the unit rays (H, W, 3) of a camera, optical frame."""
    x, y = _plane(optics.width, optics.height)
    square = optics.x_size * x * x + optics.y_size * y * y
    scale = 1.0 + square * (optics.k - STRAIGHT_K + optics.kcube * np.sqrt(square))
    bent = np.stack(
        [
            scale * x * 0.5 * optics.width / optics.focal_px,
            scale * y * 0.5 * optics.width / optics.focal_px,
            np.ones_like(x),
        ],
        axis=-1,
    )
    bent /= np.linalg.norm(bent, axis=-1, keepdims=True)
    table = bent.astype(np.float32)
    table.flags.writeable = False  # a GPU keeps its copy of what nobody can change
    return table


@lru_cache(maxsize=16)
def shade(width: int, height: int, vignette: Vignette) -> NDArray[np.float32] | None:
    """Return the share of light (H, W, 1) that a lens lets through, None for all of it."""
    if vignette.multiplier == 0.0:
        return None
    x, y = _plane(width, height)
    lost = vignette.multiplier * (np.hypot(x, y) / np.sqrt(2.0)) ** vignette.falloff
    return np.clip(1.0 - lost, 0.0, 1.0).astype(np.float32)[..., None]


def _plane(width: int, height: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x and y (H, W) of pixel centres, in half widths from the middle."""
    half = 0.5 * width
    x = (np.arange(width) + 0.5 - half) / half
    y = (np.arange(height) + 0.5 - 0.5 * height) / half
    across, down = np.meshgrid(x, y)
    return across, down
