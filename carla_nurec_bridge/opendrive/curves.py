"""The plan view of a road: lines, arcs, spirals and cubic polynomials along its reference line.

Formulas follow ASAM OpenDRIVE 1.4 to 1.8, chapter "Geometry".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

_MOST_STEPS = 20
_GAUSS_X, _GAUSS_W = np.polynomial.legendre.leggauss(24)


class CurveShape(IntEnum):
    """The kinds of geometry and the numbers that ``PlanView.parameters`` holds for each."""

    LINE = 0
    """none"""
    ARC = 1
    """curvature (1/m)"""
    SPIRAL = 2
    """curvature at the start, change of curvature per metre (1/m^2)"""
    POLY3 = 3
    """aV, bV, cV, dV: v of u, both in metres in the frame of the piece's start"""
    PARAM_POLY3 = 4
    """aU, bU, cU, dU, aV, bV, cV, dV, and p at the end (the length, or 1 when normalized)"""


@dataclass(frozen=True, eq=False)
class PlanView:
    """The reference line: N pieces in ascending order of ``s``."""

    shapes: NDArray[np.int64]
    s: Array
    starts: Array
    """(N, 3): x, y in metres and heading in radians at the start of each piece."""
    lengths: Array
    parameters: Array
    """(N, 9), see ``CurveShape``."""

    def pose(self, s: ArrayLike) -> tuple[Array, Array, Array]:
        """Return x, y (m) and heading (rad) of the reference line at ``s`` (any shape).

        Values outside the road are held at its ends.
        """
        s = np.asarray(s, dtype=np.float64)
        flat = np.atleast_1d(s).ravel()
        index = np.maximum(np.searchsorted(self.s, flat, side="right") - 1, 0)
        distance = np.clip(flat - self.s[index], 0.0, self.lengths[index])
        x, y, heading = self._on(index, distance)
        return x.reshape(s.shape), y.reshape(s.shape), heading.reshape(s.shape)

    def jumps(self) -> Array:
        """Return how far (m) each piece but the first begins from where the one before ends."""
        before = np.arange(len(self.s) - 1)
        x, y, _ = self._on(before, np.diff(self.s))
        return np.hypot(self.starts[1:, 0] - x, self.starts[1:, 1] - y)

    def _on(self, index: NDArray[np.int64], distance: Array) -> tuple[Array, Array, Array]:
        """Return x, y and heading (N,) of pieces (N,) at distances (N,) from their starts."""
        shapes = self.shapes[index]
        if len(index) and np.all(shapes == shapes[0]):
            u, v, turn = _LOCAL[shapes[0]](distance, self.parameters[index])
        else:
            u, v, turn = np.empty((3, len(index)))
            for shape in np.unique(shapes):
                chosen = shapes == shape
                local = _LOCAL[shape](distance[chosen], self.parameters[index[chosen]])
                u[chosen], v[chosen], turn[chosen] = local
        x0, y0, heading = self.starts[index].T
        cos, sin = np.cos(heading), np.sin(heading)
        return x0 + cos * u - sin * v, y0 + sin * u + cos * v, heading + turn

    def curvature(self, s: ArrayLike) -> Array:
        """Return the signed curvature in 1/m (left turns positive) at ``s`` by differences."""
        s = np.asarray(s, dtype=np.float64)
        if len(self.shapes) == 1 and self.shapes[0] == CurveShape.LINE:
            return np.zeros(s.shape)
        step = 0.05
        end = self.s[-1] + self.lengths[-1]
        low, high = np.clip(s - step, 0.0, end), np.clip(s + step, 0.0, end)
        turn = self.pose(high)[2] - self.pose(low)[2]
        turn = (turn + np.pi) % (2.0 * np.pi) - np.pi
        return turn / np.maximum(high - low, 1e-6)


def _line(d: Array, _: Array) -> tuple[Array, Array, Array]:
    return d, np.zeros_like(d), np.zeros_like(d)


def _arc(d: Array, parameters: Array) -> tuple[Array, Array, Array]:
    turn = parameters[:, 0] * d
    # sinc keeps the limit of a vanishing curvature: x = d sin(a) / a, y = d (1 - cos a) / a.
    u = d * np.sinc(turn / np.pi)
    v = d * np.sin(0.5 * turn) * np.sinc(0.5 * turn / np.pi)
    return u, v, turn


def _spiral(d: Array, parameters: Array) -> tuple[Array, Array, Array]:
    k0, rate = parameters[:, 0], parameters[:, 1]
    along = 0.5 * d[:, None] * (_GAUSS_X + 1.0)
    angle = along * (k0[:, None] + 0.5 * rate[:, None] * along)
    half = 0.5 * d
    return (
        half * (np.cos(angle) @ _GAUSS_W),
        half * (np.sin(angle) @ _GAUSS_W),
        d * (k0 + 0.5 * rate * d),
    )


def _poly3(d: Array, parameters: Array) -> tuple[Array, Array, Array]:
    a, b, c, e = parameters[:, :4].T
    u = d / np.sqrt(1.0 + b * b)
    for _ in range(8):
        # Newton on arc length(u) = d; the integrand sqrt(1 + v'^2) is smooth, so this is enough.
        nodes = 0.5 * u[:, None] * (_GAUSS_X + 1.0)
        slope = b[:, None] + nodes * (2.0 * c[:, None] + 3.0 * e[:, None] * nodes)
        arc = 0.5 * u * (np.sqrt(1.0 + slope * slope) @ _GAUSS_W)
        end_slope = b + u * (2.0 * c + 3.0 * e * u)
        u = u - (arc - d) / np.sqrt(1.0 + end_slope**2)
    return u, a + u * (b + u * (c + u * e)), np.arctan(b + u * (2.0 * c + 3.0 * e * u))


def _param_poly3(d: Array, parameters: Array) -> tuple[Array, Array, Array]:
    """Follow the curve for ``d`` metres of itself, and straight on where it is shorter.

    Its parameter is no measure of length; CARLA's client and esmini go by arc length as well.
    """
    au, bu, cu, du, av, bv, cv, dv, last = parameters.T

    def slopes(p: Array) -> tuple[Array, Array]:
        return bu + p * (2.0 * cu + 3.0 * du * p), bv + p * (2.0 * cv + 3.0 * dv * p)

    def arc(p: Array) -> Array:
        nodes = 0.5 * p * (_GAUSS_X[:, None] + 1.0)
        return 0.5 * p * (_GAUSS_W @ np.hypot(*slopes(nodes)))

    whole = arc(last)
    beyond = np.maximum(d - whole, 0.0)
    d = np.minimum(d, whole)
    p = last * d / np.maximum(whole, 1e-12)
    for _ in range(_MOST_STEPS):
        # Newton, kept on the curve: arc(p) grows with p, by the length of the slopes.
        step = (arc(p) - d) / np.maximum(np.hypot(*slopes(p)), 1e-9)
        p = np.clip(p - step, 0.0, last)
        if not np.any(np.abs(step) > 1e-12 * last):
            break
    slope_u, slope_v = slopes(p)
    turn = np.arctan2(slope_v, slope_u)
    u = au + p * (bu + p * (cu + p * du)) + beyond * np.cos(turn)
    v = av + p * (bv + p * (cv + p * dv)) + beyond * np.sin(turn)
    return u, v, turn


_LOCAL = {
    CurveShape.LINE: _line,
    CurveShape.ARC: _arc,
    CurveShape.SPIRAL: _spiral,
    CurveShape.POLY3: _poly3,
    CurveShape.PARAM_POLY3: _param_poly3,
}
