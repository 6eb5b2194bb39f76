"""Polynomials of one variable, and inverses of increasing functions: what lenses are made of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

_MOST_STEPS = 100
_LAST_STEP = 1e-8


def evaluate(coefficients: ArrayLike, x: Array) -> Array:
    """Return the polynomial with these ascending coefficients at every x."""
    values = np.asarray(coefficients, dtype=np.float64)
    result = np.full_like(x, values[-1] if len(values) else 0.0, dtype=np.float64)
    for coefficient in values[-2::-1]:
        result *= x
        result += coefficient
    return result


def derivative(coefficients: ArrayLike) -> Array:
    """Return the ascending coefficients of a polynomial's derivative."""
    values = np.asarray(coefficients, dtype=np.float64)
    return values[1:] * np.arange(1, len(values))


def first_positive_root(coefficients: ArrayLike, upper: float) -> float:
    """Return the smallest real root in (0, upper] of a polynomial, or ``upper`` if there is none.

    ``coefficients`` are ascending (constant term first).
    """
    trimmed = np.trim_zeros(np.asarray(coefficients, dtype=np.float64), "b")
    if trimmed.size < 2:
        return upper
    roots = np.polynomial.polynomial.polyroots(trimmed)
    real = roots[np.abs(roots.imag) < 1e-9 * np.maximum(np.abs(roots.real), 1e-9)].real
    inside = real[(real > 1e-12) & (real <= upper)]
    return float(inside.min()) if inside.size else upper


def invert_increasing(
    function: Callable[[Array], Array],
    slope: Callable[[Array], Array],
    targets: Array,
    start: Array,
    upper: float,
) -> Array:
    """Solve ``function(x) = target`` for x in [0, upper], elementwise, to float64 precision.

    ``function`` must increase on [0, upper]. Newton's steps are kept inside a shrinking bracket
    (bisection where they would leave it), so a bad ``start`` costs steps and never the answer.
    Targets outside the function's range give the nearer end of the interval.
    """
    low = np.zeros_like(targets)
    high = np.full_like(targets, upper)
    x = np.clip(np.nan_to_num(start), 0.0, upper)
    for _ in range(_MOST_STEPS):
        error = function(x) - targets
        np.copyto(low, x, where=error <= 0.0)
        np.copyto(high, x, where=error >= 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            following = x - error / slope(x)
        # The step after this one would be about its square; that of a bisection, half of it.
        enough = _LAST_STEP * following
        outside = ~((following >= low) & (following <= high))
        if outside.any():
            np.copyto(following, 0.5 * (low + high), where=outside)
            np.copyto(enough, 9e-16 * following, where=outside)
        step = np.abs(following - x)
        x = following
        if np.all(step <= enough):
            break
    return x
