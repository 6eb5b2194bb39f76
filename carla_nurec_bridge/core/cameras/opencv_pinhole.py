"""OpenCV's pinhole camera with rational radial, tangential and thin-prism distortion."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.polynomial import polynomial

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

_WIDEST = np.tan(np.radians(89.5))
_MOST_STEPS = 30


@dataclass(frozen=True)
class OpenCVPinholeCamera(CameraBase):
    """OpenCV's pinhole model; principal point in the corner convention.

    ``radial`` is k1..k6 (k4..k6 the denominator), ``tangential`` p1, p2, ``thin_prism`` s1..s4.
    Points are seen in front of the camera, within 89.5 degrees of the axis, and as far out as the
    radial distortion increases; beyond that one pixel would show two directions.
    """

    principal_point: tuple[float, float]
    focal_length: tuple[float, float]
    radial: tuple[float, ...] = (0.0,) * 6
    tangential: tuple[float, ...] = (0.0,) * 2
    thin_prism: tuple[float, ...] = (0.0,) * 4

    def __post_init__(self) -> None:
        super().__post_init__()
        finite("a pinhole principal point", self.principal_point, 2)
        finite("a pinhole focal length", self.focal_length, 2)
        finite("pinhole radial_coeffs", self.radial, 6)
        finite("pinhole tangential_coeffs", self.tangential, 2)
        finite("pinhole thin_prism_coeffs", self.thin_prism, 4)
        if min(self.focal_length) <= 0.0:
            raise InputError(f"a pinhole focal length must be above 0 px, not {self.focal_length}")

    @classmethod
    def from_fov(cls, width: int, height: int, horizontal_fov_deg: float) -> OpenCVPinholeCamera:
        """Return CARLA's camera: no distortion, square pixels, axis through the image centre."""
        if not 0.0 < horizontal_fov_deg < 179.0:
            raise InputError(f"a field of view must be in (0, 179) deg, not {horizontal_fov_deg}")
        focal = 0.5 * width / np.tan(0.5 * np.radians(horizontal_fov_deg))
        return cls(width, height, (0.5 * width, 0.5 * height), (focal, focal))

    @cached_property
    def _ratio(self) -> tuple[Array, Array]:
        """Numerator and denominator of the radial factor, ascending in the radius."""
        k = self.radial
        return (
            np.array([1.0, 0.0, k[0], 0.0, k[1], 0.0, k[2]]),
            np.array([1.0, 0.0, k[3], 0.0, k[4], 0.0, k[5]]),
        )

    @cached_property
    def _reach(self) -> float:
        """Largest undistorted radius up to which the distorted radius increases."""
        above, below = self._ratio
        curve = polynomial.polymul([0.0, 1.0], above)
        slope = polynomial.polysub(
            polynomial.polymul(derivative(curve), below),
            polynomial.polymul(curve, derivative(below)),
        )
        return first_positive_root(slope, first_positive_root(below, float(_WIDEST)))

    @property
    def widest_rad(self) -> float:
        """Return the largest angle off the optical axis that the lens sees."""
        return float(np.arctan(self._reach))

    def _distorted(self, x: Array, y: Array) -> tuple[Array, Array, Array]:
        """Return distorted (x, y) and the Jacobian's rows (4, N): dx/dx, dx/dy, dy/dx, dy/dy."""
        p1, p2 = self.tangential
        s1, s2, s3, s4 = self.thin_prism
        k = self.radial
        r2 = x * x + y * y
        above = 1.0 + r2 * (k[0] + r2 * (k[1] + r2 * k[2]))
        below = 1.0 + r2 * (k[3] + r2 * (k[4] + r2 * k[5]))
        d_above = k[0] + r2 * (2.0 * k[1] + 3.0 * r2 * k[2])
        d_below = k[3] + r2 * (2.0 * k[4] + 3.0 * r2 * k[5])
        factor = above / below
        slope = (d_above - factor * d_below) / below  # of the factor, by r2
        xd = x * factor + 2.0 * p1 * x * y + p2 * (r2 + 2.0 * x * x) + r2 * (s1 + s2 * r2)
        yd = y * factor + p1 * (r2 + 2.0 * y * y) + 2.0 * p2 * x * y + r2 * (s3 + s4 * r2)
        prism_x, prism_y = s1 + 2.0 * s2 * r2, s3 + 2.0 * s4 * r2
        rows = [
            factor + 2.0 * x * x * slope + 2.0 * p1 * y + 6.0 * p2 * x + 2.0 * x * prism_x,
            2.0 * x * y * slope + 2.0 * p1 * x + 2.0 * p2 * y + 2.0 * y * prism_x,
            2.0 * x * y * slope + 2.0 * p1 * x + 2.0 * p2 * y + 2.0 * x * prism_y,
            factor + 2.0 * y * y * slope + 6.0 * p1 * y + 2.0 * p2 * x + 2.0 * y * prism_y,
        ]
        return xd, yd, np.stack(rows)

    def _through_lens(self, points: Array) -> tuple[Array, Mask]:
        """Project optical points; valid in front, within the distortion's reach, on the image."""
        x, y, z = np.asarray(points, dtype=np.float64).T
        front = z > 0.0
        depth = np.where(front, z, 1.0)
        x, y = x / depth, y / depth
        reached = front & (np.hypot(x, y) < self._reach)
        xd, yd, _ = self._distorted(np.where(reached, x, 0.0), np.where(reached, y, 0.0))
        pixels = np.column_stack([xd, yd]) * self.focal_length + self.principal_point
        return pixels, reached & self.contains(pixels)

    def _out_of_lens(self, pixels: Array) -> tuple[Array, Mask]:
        """Return unit optical rays through pixels; valid where the distortion can be undone.

        The radial part is inverted exactly first, which puts Newton's method for the whole on the
        right branch; a ray counts only if it distorts back onto its pixel.
        """
        target = (np.asarray(pixels, dtype=np.float64) - self.principal_point) / self.focal_length
        x, y = self._undo_radial(target)
        if not any(self.radial + self.tangential + self.thin_prism):
            valid = np.hypot(x, y) < self._reach
            rays = np.column_stack([x, y, np.ones_like(x)]) / np.sqrt(1.0 + x * x + y * y)[:, None]
            rays[~valid] = 0.0
            return rays, valid
        for _ in range(_MOST_STEPS if any(self.tangential) or any(self.thin_prism) else 1):
            xd, yd, (a, b, c, d) = self._distorted(x, y)
            ex, ey = xd - target[:, 0], yd - target[:, 1]
            determinant = a * d - b * c
            determinant = np.where(np.abs(determinant) > 1e-12, determinant, np.inf)
            dx, dy = (d * ex - b * ey) / determinant, (a * ey - c * ex) / determinant
            x, y = x - dx, y - dy
            if np.all(np.hypot(dx, dy) <= 1e-15 * (1.0 + np.hypot(x, y))):
                break
        xd, yd, _ = self._distorted(x, y)
        size = 1.0 + np.hypot(*target.T)
        closed = np.hypot(xd - target[:, 0], yd - target[:, 1]) < 1e-12 * size
        valid = closed & (np.hypot(x, y) < self._reach)
        rays = np.stack([x, y, np.ones_like(x)]) / np.sqrt(1.0 + x * x + y * y)
        return np.where(valid, rays, 0.0).T, valid

    def _undo_radial(self, target: Array) -> tuple[Array, Array]:
        above, below = self._ratio
        slope_above, slope_below = derivative(above), derivative(below)

        def curve(r: Array) -> Array:
            return r * evaluate(above, r) / evaluate(below, r)

        def slope(r: Array) -> Array:
            n, m = evaluate(above, r), evaluate(below, r)
            dn, dm = evaluate(slope_above, r), evaluate(slope_below, r)
            return n / m + r * (dn * m - n * dm) / (m * m)

        distorted = np.hypot(*target.T)
        if not any(self.radial):
            return target[:, 0], target[:, 1]
        radius = invert_increasing(curve, slope, distorted, distorted, self._reach * (1.0 - 1e-9))
        scale = np.divide(radius, distorted, out=np.ones_like(radius), where=distorted > 0.0)
        return target[:, 0] * scale, target[:, 1] * scale

    def scaled(self, width: int, height: int) -> OpenCVPinholeCamera:
        """Return the same optics on an image of another size; exact for any aspect ratio."""
        su, sv = self.scale_to(width, height)
        if (width, height) == (self.width, self.height):
            return self
        centre = (self.principal_point[0] * su, self.principal_point[1] * sv)
        focal = (self.focal_length[0] * su, self.focal_length[1] * sv)
        return OpenCVPinholeCamera(
            width,
            height,
            centre,
            focal,
            self.radial,
            self.tangential,
            self.thin_prism,
            windshield=self.windshield,
        )
