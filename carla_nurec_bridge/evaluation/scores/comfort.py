"""How comfortable a drive is: accelerations, jerks and yaw smoothed as nuPlan does it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ...core.loading.deferred import deferred
from ...core.run_contract.record import Record
from ...core.run_contract.timebase import seconds_to_ns
from .moment import DriveMoment

signal = deferred("scipy.signal")

Array = NDArray[np.float64]

SAMPLE_NS = seconds_to_ns(0.1)
_DECIMALS = 8
_LEAST_SAMPLES = 4


class ComfortLimits(Record):
    """nuPlan's limits of comfort; every sample must lie within all of them."""

    least_lon_acceleration_mps2: float = Field(default=-4.05, description="braking")
    most_lon_acceleration_mps2: float = Field(default=2.40, description="speeding up")
    lat_acceleration_mps2: float = Field(default=4.89, description="to either side")
    yaw_acceleration_radps2: float = Field(default=1.93, description="to either side")
    yaw_rate_radps: float = Field(default=0.95, description="to either side")
    lon_jerk_mps3: float = Field(default=4.13, description="forwards or backwards")
    jerk_mps3: float = Field(default=8.37, description="of the acceleration's magnitude")


DEFAULTS = ComfortLimits()


class Every:
    """Chooses ticks at a period: the first, then each that reaches the next multiple of it."""

    def __init__(self, period_ns: int) -> None:
        self._period_ns = period_ns
        self._next_ns: int | None = None

    def due(self, stamp_ns: int) -> bool:
        """Say whether the next tick is one of those."""
        if self._next_ns is None:
            self._next_ns = stamp_ns
        if stamp_ns < self._next_ns:
            return False
        self._next_ns += ((stamp_ns - self._next_ns) // self._period_ns + 1) * self._period_ns
        return True


class MotionSamples:
    """The ego's motion ten times a second."""

    def __init__(self) -> None:
        self._every = Every(SAMPLE_NS)
        self._rows: list[tuple[float, float, float, float]] = []

    def update(self, moment: DriveMoment) -> None:
        """Look at the next tick."""
        if self._every.due(moment.stamp_ns):
            along, left = moment.acceleration_base_mps2.tolist()
            self._rows.append((moment.time_s, along, left, moment.heading_rad))

    def table(self) -> Array:
        """Return time, longitudinal and lateral acceleration, and heading of each sample (N, 4).

        An acceleration that nobody knows, as that of the first tick of a bag, is the next one's.
        """
        rows = np.array(self._rows, np.float64).reshape(-1, 4)
        if len(rows) > 1:
            unknown = ~np.isfinite(rows[0, 1:3])
            rows[0, 1:3] = np.where(unknown, rows[1, 1:3], rows[0, 1:3])
        return rows


def smoothed_motion(table: Array) -> Mapping[str, Array] | None:
    """Return the smoothed figures (N,) of samples (N, 4) by nuPlan's names; None for under four.

    Savitzky-Golay: accelerations over 8 samples, jerks over 15, yaw over 5, of orders 2 and 3.
    """
    count = len(table)
    if count < _LEAST_SAMPLES or not np.isfinite(table).all():
        return None
    step_s = float(np.diff(table[:, 0]).mean())
    heading = np.unwrap(table[:, 3])

    def smooth(values: Array) -> Array:
        return np.asarray(np.round(signal.savgol_filter(values, min(8, count), 2), _DECIMALS))

    def change(values: Array, window: int, order: int, times: int) -> Array:
        filtered = signal.savgol_filter(
            values, min(window, count), order, deriv=times, delta=step_s
        )
        return np.asarray(np.round(filtered, _DECIMALS))

    along = smooth(table[:, 1])
    return {
        "ego_lon_acceleration": along,
        "ego_lat_acceleration": smooth(table[:, 2]),
        "ego_yaw_acceleration": change(heading, 5, 3, 2),
        "ego_yaw_rate": change(heading, 5, 2, 1),
        "ego_lon_jerk": change(along, 15, 2, 1),
        "ego_jerk": change(smooth(np.hypot(table[:, 1], table[:, 2])), 15, 2, 1),
    }


def comfort_bounds(limits: ComfortLimits) -> dict[str, tuple[float, float]]:
    """Return the least and most of each figure, both excluded."""
    return {
        "ego_lon_acceleration": (
            limits.least_lon_acceleration_mps2,
            limits.most_lon_acceleration_mps2,
        ),
        "ego_lat_acceleration": _both(limits.lat_acceleration_mps2),
        "ego_yaw_acceleration": _both(limits.yaw_acceleration_radps2),
        "ego_yaw_rate": _both(limits.yaw_rate_radps),
        "ego_lon_jerk": _both(limits.lon_jerk_mps3),
        "ego_jerk": _both(limits.jerk_mps3),
    }


def within(figures: Mapping[str, Array], limits: ComfortLimits) -> dict[str, bool]:
    """Say of each figure whether all of its samples lie within its limits."""
    bounds = comfort_bounds(limits)
    return {
        name: bool(((values > bounds[name][0]) & (values < bounds[name][1])).all())
        for name, values in figures.items()
    }


def _both(limit: float) -> tuple[float, float]:
    return -limit, limit
