"""A plan as a curve in time: where it is, how fast, and how curved, at any moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...core.loading.deferred import deferred
from ...core.run_contract.timebase import NS_PER_S
from ...world.timed_path import TimedPath

interpolate = deferred("scipy.interpolate")

Values = NDArray[np.float64]

_AROUND_S = 0.3
"""A curvature is that from so long before to so long after: headings may come in steps."""
_LEAST_M = 0.3
_SHARPEST_PER_M = 0.35
"""No car turns in a circle of less than 2.9 m radius."""


@dataclass(frozen=True, eq=False)
class Reference:
    """A plan at K moments: places (K,) in m of the map, headings in rad (unwrapped), m/s, 1/m.

    Speeds along the heading (backwards negative) and to its left, and the yaw rate (rad/s), are
    those from each moment to the next.
    """

    x_m: Values
    y_m: Values
    yaw_rad: Values
    speed_mps: Values
    left_mps: Values
    yaw_radps: Values
    curvature_per_m: Values


class PlanCurve:
    """Runs smoothly through the poses of a plan, without overshooting between them.

    Before its first pose and behind its last it goes on along the circle and at the speed that it
    begins and ends with.
    """

    def __init__(self, plan: TimedPath) -> None:
        self._start_ns = plan.start_ns
        self._times_s = (plan.stamps_ns - plan.start_ns) / NS_PER_S
        poses = plan.map_from_base
        yaw = np.unwrap(np.arctan2(poses[:, 1, 0], poses[:, 0, 0]))
        self._knots = np.column_stack([poses[:, 0, 3], poses[:, 1, 3], yaw])
        if len(self._times_s) > 1:
            self._curve = interpolate.PchipInterpolator(self._times_s, self._knots)
            self._rate = self._curve.derivative()

    def at(self, stamp_ns: int, steps: int, step_s: float) -> Reference:
        """Return the plan at a stamp and at so many steps of time after it."""
        times_s = (stamp_ns - self._start_ns) / NS_PER_S + step_s * np.arange(steps + 2)
        within_s = np.clip(times_s, 0.0, self._times_s[-1])
        x, y, yaw = self._place(within_s).T
        curvature = self._curvature(within_s)
        beyond_m = self._end_speeds(within_s, yaw) * (times_s - within_s)
        turned = curvature * beyond_m
        chord = beyond_m * np.sinc(turned / (2.0 * np.pi))
        x = x + chord * np.cos(yaw + turned / 2.0)
        y = y + chord * np.sin(yaw + turned / 2.0)
        yaw = yaw + turned
        middle = (yaw[:-1] + yaw[1:]) / 2.0
        dx, dy = np.diff(x) / step_s, np.diff(y) / step_s
        return Reference(
            x[:-1],
            y[:-1],
            yaw[:-1],
            dx * np.cos(middle) + dy * np.sin(middle),
            dy * np.cos(middle) - dx * np.sin(middle),
            np.diff(yaw) / step_s,
            curvature[:-1],
        )

    def _curvature(self, times_s: Values) -> Values:
        first, last = (self._place(times_s + shift_s) for shift_s in (-_AROUND_S, _AROUND_S))
        step, turned = last[:, :2] - first[:, :2], last[:, 2] - first[:, 2]
        middle = (first[:, 2] + last[:, 2]) / 2.0
        way_m = step[:, 0] * np.cos(middle) + step[:, 1] * np.sin(middle)
        moves = np.abs(way_m) > _LEAST_M
        curvature = np.divide(turned, way_m, out=np.zeros_like(way_m), where=moves)
        return np.clip(curvature, -_SHARPEST_PER_M, _SHARPEST_PER_M)

    def _place(self, times_s: Values) -> Values:
        """Return x, y and heading (K, 3) at times of the plan, held before and after it."""
        within_s = np.clip(times_s, 0.0, self._times_s[-1])
        if len(self._times_s) == 1:
            return np.repeat(self._knots, len(times_s), axis=0)
        place: Values = self._curve(within_s)
        return place

    def _end_speeds(self, times_s: Values, yaw: Values) -> Values:
        if len(self._times_s) == 1:
            return np.zeros_like(times_s)
        rates = self._rate(times_s)
        speeds: Values = rates[:, 0] * np.cos(yaw) + rates[:, 1] * np.sin(yaw)
        return speeds
