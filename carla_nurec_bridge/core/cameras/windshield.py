"""A windshield: it bends the rays of the world before they reach the lens."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_MOST_COEFFICIENTS = 66  # order 10
_MOST_STEPS = 30
_CLOSED_RAD = 1e-12
_FIELDS = ("horizontal", "vertical", "horizontal_inverse", "vertical_inverse")


class WindshieldReference(enum.Enum):
    """Which pair of polynomials is exact; values are NuRec's numbers."""

    FORWARD = 0
    BACKWARD = 1


@dataclass(frozen=True)
class Windshield:
    """NuRec's bivariate windshield.

    A ray (x, y, z) of length one has the angles ``asin(x)`` and ``asin(y)``. The pair
    ``horizontal``, ``vertical`` gives the angles behind the glass (lens) from those before it
    (world), the ``_inverse`` pair the other way; ``reference`` names the exact pair. The inverse
    of the exact pair is solved to float64 precision; the other pair only starts the search and may
    be left out. A polynomial of order n has (n + 1)(n + 2) / 2 coefficients: for each power of the
    second angle from 0 to n those of the ascending powers of the first. Rays from behind
    (z <= 0) do not pass.
    """

    horizontal: tuple[float, ...]
    vertical: tuple[float, ...]
    horizontal_inverse: tuple[float, ...] = ()
    vertical_inverse: tuple[float, ...] = ()
    reference: WindshieldReference = WindshieldReference.FORWARD

    def __post_init__(self) -> None:
        exact = _FIELDS[:2] if self.reference is WindshieldReference.FORWARD else _FIELDS[2:]
        for name in _FIELDS:
            values = getattr(self, name)
            if not np.all(np.isfinite(values)):
                raise InputError(f"windshield {name} must be finite numbers, not {list(values)}")
            if len(values) > _MOST_COEFFICIENTS or (len(values) and _order(values) is None):
                raise InputError(
                    f"windshield {name} has {len(values)} coefficients; a polynomial of order n "
                    f"has (n + 1)(n + 2) / 2 of them, at most {_MOST_COEFFICIENTS}"
                )
            if name in exact and len(values) < 3:
                raise InputError(
                    f"windshield {name} is the exact polynomial ({self.reference.name.lower()}) "
                    "and needs at least 3 coefficients"
                )

    def bend(self, rays: Array) -> tuple[Array, Mask]:
        """Return rays (N, 3) of the world as the lens sees them, unit, and which pass (N,)."""
        if self.reference is WindshieldReference.FORWARD:
            return _mapped(rays, self._forward)
        return _mapped(rays, lambda angles: _solved(angles, self._backward, self._forward))

    def unbend(self, rays: Array) -> tuple[Array, Mask]:
        """Return rays (N, 3) at the lens as they are in the world, unit, and which pass (N,)."""
        if self.reference is WindshieldReference.BACKWARD:
            return _mapped(rays, self._backward)
        return _mapped(rays, lambda angles: _solved(angles, self._forward, self._backward))

    @cached_property
    def _forward(self) -> _Pair:
        return _Pair(self.horizontal, self.vertical)

    @cached_property
    def _backward(self) -> _Pair:
        return _Pair(self.horizontal_inverse, self.vertical_inverse)

    def to_json(self) -> dict[str, Any]:
        """Return the object that ``external_distortion_parameters`` of a calibration holds."""
        return {
            "reference_poly": self.reference.name,
            "horizontal_poly": list(self.horizontal),
            "vertical_poly": list(self.vertical),
            "horizontal_poly_inverse": list(self.horizontal_inverse),
            "vertical_poly_inverse": list(self.vertical_inverse),
        }


class _Pair:
    """Two bivariate polynomials of the angles (2, N), with derivatives; identity without any."""

    def __init__(self, first: tuple[float, ...], second: tuple[float, ...]) -> None:
        identity = not (first and second)
        self._first = _square((0.0, 1.0, 0.0) if identity else first)
        self._second = _square((0.0, 0.0, 1.0) if identity else second)

    def __call__(self, angles: Array) -> Array:
        return np.stack([_evaluate(self._first, angles), _evaluate(self._second, angles)])

    def jacobian(self, angles: Array) -> tuple[Array, Array, Array, Array]:
        """Return the derivatives d1/d1, d1/d2, d2/d1, d2/d2, each (N,)."""
        tables = [
            table[1:] * np.arange(1, len(table))[:, None]
            if axis == 0
            else table[:, 1:] * np.arange(1, table.shape[1])
            for table in (self._first, self._second)
            for axis in (0, 1)
        ]
        a, b, c, d = (_evaluate(table, angles) for table in tables)
        return a, b, c, d


def windshield_from_json(content: Mapping[str, Any]) -> Windshield:
    """Return the windshield of ``external_distortion_parameters``; InputError if it is none."""
    p = content.get("parameters", content)
    try:
        name = str(p["reference_poly"]).rsplit(".", 1)[-1].upper()
        if name not in WindshieldReference.__members__:
            raise InputError(f"windshield reference_poly {name!r}; use FORWARD or BACKWARD")
        first, second, third, fourth = (
            tuple(float(value) for value in p[f"{field}_poly{inverse}"])
            for inverse in ("", "_inverse")
            for field in ("horizontal", "vertical")
        )
    except KeyError as missing:
        raise InputError(f"external_distortion_parameters lack their field {missing}") from missing
    except (TypeError, ValueError) as wrong:
        raise InputError(f"external_distortion_parameters are no windshield: {wrong}") from wrong
    return Windshield(first, second, third, fourth, WindshieldReference[name])


def _order(coefficients: tuple[float, ...]) -> int | None:
    order = (math.isqrt(8 * len(coefficients) + 1) - 3) // 2
    return order if (order + 1) * (order + 2) // 2 == len(coefficients) else None


def _square(coefficients: tuple[float, ...]) -> Array:
    """Return the table [power of the first angle, power of the second]."""
    order = _order(coefficients)
    assert order is not None
    table = np.zeros((order + 1, order + 1))
    values = iter(coefficients)
    for second in range(order + 1):
        for first in range(order + 1 - second):
            table[first, second] = next(values)
    return table


def _evaluate(table: Array, angles: Array) -> Array:
    result: Array = np.polynomial.polynomial.polyval2d(angles[0], angles[1], table)
    return result


def _mapped(rays: Array, change: Any) -> tuple[Array, Mask]:
    """Apply ``change`` of the angles (2, N) to rays in front; it gives NaN where it fails."""
    rays = np.asarray(rays, dtype=np.float64)
    length = np.linalg.norm(rays, axis=1)
    front = (rays[:, 2] > 0.0) & (length > 0.0)
    unit = np.where(front, rays.T[:2] / np.where(front, length, 1.0), 0.0)
    with np.errstate(invalid="ignore", over="ignore"):
        x, y = np.sin(change(np.arcsin(np.clip(unit, -1.0, 1.0))))
        left = 1.0 - x * x - y * y
        valid = front & (left > 0.0)
        z = np.sqrt(np.where(valid, left, 0.0))
    return np.where(valid, np.stack([x, y, z]), 0.0).T, valid


def _solved(targets: Array, exact: _Pair, guess: _Pair) -> Array:
    """Return angles (2, N) that ``exact`` takes to the targets, by Newton's method; NaN if none."""
    angles = guess(targets)
    for _ in range(_MOST_STEPS):
        error = exact(angles) - targets
        a, b, c, d = exact.jacobian(angles)
        determinant = a * d - b * c
        determinant = np.where(np.abs(determinant) > 1e-9, determinant, np.inf)
        step = np.stack([d * error[0] - b * error[1], a * error[1] - c * error[0]]) / determinant
        angles = angles - step
        if np.nanmax(np.abs(step), initial=0.0) < 1e-16:
            break
    off = np.abs(exact(angles) - targets).max(axis=0)
    inside = np.abs(angles).max(axis=0) < 0.5 * np.pi
    return np.where((off < _CLOSED_RAD) & inside, angles, np.nan)
