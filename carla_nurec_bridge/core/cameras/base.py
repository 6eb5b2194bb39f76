"""What every camera model shares: an image size, and rays through its pixels."""

from __future__ import annotations

import abc
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .windshield import Windshield

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Tables are made in strips of about this many pixels: what is computed on the way stays in cache.
_STRIP_PIXELS = 16384


@dataclass(frozen=True)
class CameraBase(abc.ABC):
    """An image of ``width`` x ``height`` pixels and the optics in front of it.

    Pixel coordinates (u right, v down) have their origin at the outer corner of the top-left
    pixel, so pixel (i, j) is centred at (i + 0.5, j + 0.5). Rays and points are in the camera's
    optical frame: x right, y down, z forward. Behind a ``windshield`` the lens sees bent rays;
    points and rays here are those of the world before it.
    """

    width: int
    height: int
    windshield: Windshield | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise InputError(
                f"a camera image must have at least one pixel, not {self.width} x {self.height}"
            )

    def project(self, points: Array) -> tuple[Array, Mask]:
        """Project optical points (N, 3) to pixels (N, 2); valid (N,) says which are on the image.

        Pixels of points that are not valid are finite but mean nothing.
        """
        if self.windshield is None:
            return self._through_lens(points)
        rays, passed = self.windshield.bend(points)
        pixels, seen = self._through_lens(rays)
        return pixels, seen & passed

    def unproject(self, pixels: Array) -> tuple[Array, Mask]:
        """Return the unit optical rays (N, 3) through pixels (N, 2) and which exist (N,).

        Rays that do not exist are (0, 0, 0).
        """
        rays, seen = self._out_of_lens(pixels)
        return (rays, seen) if self.windshield is None else self.windshield.unbend(rays)

    @property
    @abc.abstractmethod
    def widest_rad(self) -> float:
        """Return the largest angle off the optical axis that the lens sees."""

    @abc.abstractmethod
    def _through_lens(self, points: Array) -> tuple[Array, Mask]:
        """Project points at the lens (N, 3), as ``project`` without a windshield."""

    @abc.abstractmethod
    def _out_of_lens(self, pixels: Array) -> tuple[Array, Mask]:
        """Return the rays at the lens (N, 3), as ``unproject`` without a windshield."""

    def contains(self, pixels: Array) -> Mask:
        """Say which pixels (N, 2) lie on the image, its outer edge at right and bottom excluded."""
        u, v = pixels[:, 0], pixels[:, 1]
        return (u >= 0.0) & (u < self.width) & (v >= 0.0) & (v < self.height)

    def ray_table(self) -> NDArray[np.float32]:
        """Return the unit optical rays through all pixel centres, float32 (height, width, 3).

        A pixel that sees nothing has the zero vector. The table takes a while: keep it. It cannot
        be written to, so a GPU keeps its copy too.
        """
        table = np.empty((self.height, self.width, 3), np.float32)
        across = np.arange(self.width) + 0.5
        step = max(1, _STRIP_PIXELS // self.width)
        for top in range(0, self.height, step):
            strip = table[top : top + step]
            u, v = np.meshgrid(across, np.arange(top, top + len(strip)) + 0.5)
            rays, _ = self.unproject(np.column_stack([u.ravel(), v.ravel()]))
            strip[...] = rays.reshape(strip.shape)
        table.flags.writeable = False
        return table

    def scale_to(self, width: int, height: int) -> tuple[float, float]:
        """Return the factors (horizontal, vertical) from this image's size to another one."""
        if width < 1 or height < 1:
            raise InputError(f"an image cannot be scaled to {width} x {height} pixels")
        return width / self.width, height / self.height


def finite(what: str, values: tuple[float, ...], count: int | None = None) -> None:
    """Raise InputError, naming ``what``, unless all values are finite and ``count`` in number."""
    if count is not None and len(values) != count:
        raise InputError(f"{what} needs exactly {count} numbers, not {len(values)}")
    if not np.all(np.isfinite(values)):
        raise InputError(f"{what} must be finite numbers, not {list(values)}")
