"""The F-theta camera: pixel distance from the principal point as a polynomial of the angle."""

from __future__ import annotations

import enum
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

_MOST_COEFFICIENTS = 6


class FThetaReference(enum.Enum):
    """Which of the two polynomials is exact; values are NuRec's numbers."""

    PIXELDIST_TO_ANGLE = 1
    ANGLE_TO_PIXELDIST = 2


@dataclass(frozen=True)
class FThetaCamera(CameraBase):
    """NuRec's F-theta model.

    ``principal_point`` is in the pixel-centre convention (0 = centre of the first pixel).
    The polynomials have up to six ascending coefficients, in pixels and radians; ``reference``
    says which one is exact, the other is only where the inversion of the exact one starts.
    A pixel is ``A (d x/r, d y/r) + principal_point + 0.5`` with d the distance of the ray's angle
    and ``A = [[c, d], [e, 1]]`` of ``linear_cde``. Rays reach up to ``max_angle_rad``, or as far
    as the exact polynomial increases.
    """

    principal_point: tuple[float, float]
    pixeldist_to_angle: tuple[float, ...]
    angle_to_pixeldist: tuple[float, ...]
    reference: FThetaReference
    max_angle_rad: float
    linear_cde: tuple[float, float, float] = (1.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        finite("an F-theta principal point", self.principal_point, 2)
        finite("F-theta linear c, d, e", self.linear_cde, 3)
        for name in ("pixeldist_to_angle", "angle_to_pixeldist"):
            values = getattr(self, name)
            finite(f"the F-theta polynomial {name}", values)
            if len(values) > _MOST_COEFFICIENTS:
                raise InputError(
                    f"the F-theta polynomial {name} has {len(values)} coefficients; "
                    f"at most {_MOST_COEFFICIENTS} are allowed"
                )
        if not 0.0 < self.max_angle_rad <= np.pi:
            raise InputError(f"F-theta max_angle must be in (0, pi] rad, not {self.max_angle_rad}")
        if len(self._exact) < 2 or not self._exact[1] > 0.0:
            raise InputError(
                f"the F-theta polynomial {self.reference.name.lower()} must increase at the image "
                "centre: its coefficient of the first power must be above zero"
            )
        if abs(np.linalg.det(self._linear)) < 1e-12:
            raise InputError(f"F-theta linear c, d, e {self.linear_cde} cannot be inverted")

    @property
    def _exact(self) -> tuple[float, ...]:
        forward = self.reference is FThetaReference.ANGLE_TO_PIXELDIST
        return self.angle_to_pixeldist if forward else self.pixeldist_to_angle

    @cached_property
    def _linear(self) -> Array:
        c, d, e = self.linear_cde
        return np.array([[c, d], [e, 1.0]])

    @cached_property
    def _reach(self) -> tuple[float, float]:
        """Largest angle in radians and its distance in pixels up to which both are one-to-one."""
        slope = derivative(self._exact)
        if self.reference is FThetaReference.ANGLE_TO_PIXELDIST:
            angle = first_positive_root(slope, self.max_angle_rad)
            return angle, float(evaluate(self._exact, np.asarray(angle)))
        furthest = 4.0 * float(np.hypot(self.width, self.height))
        distance = first_positive_root(slope, furthest)
        crossing = np.array(self._exact)
        crossing[0] -= self.max_angle_rad
        distance = first_positive_root(crossing, distance)
        return min(float(evaluate(self._exact, np.asarray(distance))), self.max_angle_rad), distance

    @property
    def widest_rad(self) -> float:
        """Return the largest angle off the optical axis that the lens sees."""
        return self._reach[0]

    def distance_of_angle(self, angles_rad: Array) -> Array:
        """Return pixel distances (before A) of angles from the optical axis, elementwise."""
        angle, distance = self._reach
        theta = np.minimum(angles_rad, angle)
        if self.reference is FThetaReference.ANGLE_TO_PIXELDIST:
            return evaluate(self._exact, theta)
        return self._solve(theta, evaluate(self.angle_to_pixeldist, theta), distance)

    def angle_of_distance(self, distances_px: Array) -> Array:
        """Return angles in radians of pixel distances (before A), elementwise, clamped at reach."""
        angle, distance = self._reach
        delta = np.minimum(distances_px, distance)
        if self.reference is FThetaReference.PIXELDIST_TO_ANGLE:
            return evaluate(self._exact, delta)
        return self._solve(delta, evaluate(self.pixeldist_to_angle, delta), angle)

    def _solve(self, targets: Array, start: Array, upper: float) -> Array:
        slope = derivative(self._exact)
        return invert_increasing(
            lambda x: evaluate(self._exact, x),
            lambda x: evaluate(slope, x),
            targets,
            start,
            upper,
        )

    def _through_lens(self, points: Array) -> tuple[Array, Mask]:
        """Project optical points; valid below the largest angle and on the image."""
        x, y, z = np.asarray(points, dtype=np.float64).T
        radius = np.hypot(x, y)
        theta = np.arctan2(radius, z)
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = self.distance_of_angle(theta) / radius
        offset = np.where(radius > 0.0, scale * np.stack([x, y]), 0.0)
        pixels = (self._linear @ offset).T + np.asarray(self.principal_point) + 0.5
        length = np.hypot(radius, z)
        return pixels, (length > 0.0) & (theta < self._reach[0]) & self.contains(pixels)

    def _out_of_lens(self, pixels: Array) -> tuple[Array, Mask]:
        """Return unit optical rays through pixels; valid below the largest angle."""
        u, v = np.asarray(pixels, dtype=np.float64).T
        (a, b), (c, d) = np.linalg.inv(self._linear)
        u, v = u - self.principal_point[0] - 0.5, v - self.principal_point[1] - 0.5
        x, y = a * u + b * v, c * u + d * v
        distance = np.hypot(x, y)
        theta = self.angle_of_distance(distance)
        valid = distance < self._reach[1]
        scale = np.divide(np.sin(theta), distance, out=np.zeros_like(x), where=distance > 0.0)
        rays = np.column_stack([x * scale, y * scale, np.cos(theta)])
        rays[~valid] = 0.0
        return rays, valid

    def scaled(self, width: int, height: int) -> FThetaCamera:
        """Return the same optics on an image of another size; exact for any aspect ratio."""
        su, sv = self.scale_to(width, height)
        if (width, height) == (self.width, self.height):
            return self
        px, py = self.principal_point
        c, d, e = self.linear_cde
        return FThetaCamera(
            width,
            height,
            ((px + 0.5) * su - 0.5, (py + 0.5) * sv - 0.5),
            tuple(b / sv**k for k, b in enumerate(self.pixeldist_to_angle)),
            tuple(f * sv for f in self.angle_to_pixeldist),
            self.reference,
            self.max_angle_rad,
            (c * su / sv, d * su / sv, e),
            windshield=self.windshield,
        )
