"""OpenCV's fisheye camera (Kannala-Brandt with four coefficients)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..errors import InputError
from .base import (
    Array,
    CameraBase,
    Mask,
    finite,
)
from .polynomials import (
    derivative,
    evaluate,
    first_positive_root,
    invert_increasing,
)


@dataclass(frozen=True)
class OpenCVFisheyeCamera(CameraBase):
    """OpenCV's fisheye model; principal point in the corner convention.

    The distorted angle is ``t (1 + k1 t^2 + k2 t^4 + k3 t^6 + k4 t^8)`` for t radians off the
    axis. Rays reach up to ``max_angle_rad``, or as far as that polynomial increases.
    """

    principal_point: tuple[float, float]
    focal_length: tuple[float, float]
    radial: tuple[float, ...]
    max_angle_rad: float

    def __post_init__(self) -> None:
        super().__post_init__()
        finite("a fisheye principal point", self.principal_point, 2)
        finite("a fisheye focal length", self.focal_length, 2)
        finite("fisheye radial_coeffs", self.radial, 4)
        if min(self.focal_length) <= 0.0:
            raise InputError(f"a fisheye focal length must be above 0 px, not {self.focal_length}")
        if not 0.0 < self.max_angle_rad <= np.pi:
            raise InputError(f"fisheye max_angle must be in (0, pi] rad, not {self.max_angle_rad}")

    @cached_property
    def _curve(self) -> Array:
        k = self.radial
        return np.array([0.0, 1.0, 0.0, k[0], 0.0, k[1], 0.0, k[2], 0.0, k[3]])

    @cached_property
    def _reach(self) -> tuple[float, float]:
        angle = first_positive_root(derivative(self._curve), self.max_angle_rad)
        return angle, float(evaluate(self._curve, np.asarray(angle)))

    @property
    def widest_rad(self) -> float:
        """Return the largest angle off the optical axis that the lens sees."""
        return self._reach[0]

    def _through_lens(self, points: Array) -> tuple[Array, Mask]:
        """Project optical points; valid below the largest angle and on the image."""
        x, y, z = np.asarray(points, dtype=np.float64).T
        radius = np.hypot(x, y)
        theta = np.arctan2(radius, z)
        distorted = evaluate(self._curve, np.minimum(theta, self._reach[0]))
        scale = np.divide(distorted, radius, out=np.zeros_like(radius), where=radius > 0.0)
        pixels = np.column_stack([x * scale, y * scale]) * self.focal_length + self.principal_point
        length = np.hypot(radius, z)
        return pixels, (length > 0.0) & (theta < self._reach[0]) & self.contains(pixels)

    def _out_of_lens(self, pixels: Array) -> tuple[Array, Mask]:
        """Return unit optical rays through pixels; valid below the largest angle."""
        q = (np.asarray(pixels, dtype=np.float64) - self.principal_point) / self.focal_length
        distorted = np.hypot(q[:, 0], q[:, 1])
        slope = derivative(self._curve)
        theta = invert_increasing(
            lambda t: evaluate(self._curve, t),
            lambda t: evaluate(slope, t),
            distorted,
            distorted,
            self._reach[0],
        )
        valid = distorted < self._reach[1]
        scale = np.divide(np.sin(theta), distorted, out=np.ones_like(theta), where=distorted > 0.0)
        rays = np.column_stack([q[:, 0] * scale, q[:, 1] * scale, np.cos(theta)])
        return np.where(valid[:, None], rays, 0.0), valid

    def scaled(self, width: int, height: int) -> OpenCVFisheyeCamera:
        """Return the same optics on an image of another size; exact for any aspect ratio."""
        su, sv = self.scale_to(width, height)
        if (width, height) == (self.width, self.height):
            return self
        centre = (self.principal_point[0] * su, self.principal_point[1] * sv)
        focal = (self.focal_length[0] * su, self.focal_length[1] * sv)
        return OpenCVFisheyeCamera(
            width,
            height,
            centre,
            focal,
            self.radial,
            self.max_angle_rad,
            windshield=self.windshield,
        )
