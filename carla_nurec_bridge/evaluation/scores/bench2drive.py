"""Bench2Drive's scores of one route: driving score, success, efficiency and smoothness.

Source: github.com/Thinklab-SJTU/Bench2Drive, commit 7ec25d1, ``tools``.
"""

from __future__ import annotations

import numpy as np

from ...core.loading.deferred import deferred
from .comfort import DEFAULTS, SAMPLE_NS, Every
from .leaderboard.criteria import Criteria
from .leaderboard.penalty import FACTORS, MIN_SPEED
from .leaderboard.score import NOTES
from .moment import DriveMoment
from .records import ScoreResult, factor, part, thresholds_of

signal = deferred("scipy.signal")

_PIECE, _WINDOW, _ORDER, _STEP_S = 20, 7, 2, 0.1
_MOST_PERCENT = 1000.0
_NOTES = (
    "Means over the 220 routes, a route that is missing counting as nothing, are the suite's.",
    "The limit of yaw acceleration is held against the smoothed yaw rate, as in the source.",
)


class Bench2DriveScore:
    """Bench2Drive's driving score of one route, 0 to 100."""

    name = "bench2drive"

    def __init__(self, criteria: Criteria) -> None:
        self._criteria = criteria
        self._every = Every(SAMPLE_NS)
        self._rows: list[tuple[float, float, float]] = []

    def update(self, moment: DriveMoment) -> dict[str, float | None]:
        """Look at the next tick."""
        self._criteria.update(moment)
        if self._every.due(moment.stamp_ns):
            along, left = moment.acceleration_base_mps2.tolist()
            self._rows.append((along, left, moment.yaw_rate_radps))
        verdict = self._criteria.verdict()
        factor_now = verdict.penalty("2.0", min_speed=False)
        completion = verdict.completion_percent
        return {"driving_score": None if completion is None else completion * factor_now}

    def result(self) -> ScoreResult:
        """Return the score of all ticks so far."""
        verdict = self._criteria.verdict()
        completion, penalty = verdict.completion_percent, verdict.penalty("2.0", min_speed=False)
        counted = [each for each in verdict.infractions if each.kind != MIN_SPEED]
        success = completion == 100.0 and not counted
        percents = [x for x in verdict.speed_percents if x <= _MOST_PERCENT]
        return ScoreResult(
            name=self.name,
            title="Bench2Drive",
            metric_version="Bench2Drive 7ec25d1, leaderboard-2.0 without the least speed",
            value=None if completion is None else completion * penalty,
            best=100.0,
            status="success" if success else verdict.status,
            components=(
                factor("score_route", completion),
                factor("score_penalty", penalty),
                part("success", None if completion is None else float(success)),
                part("efficiency_percent", float(np.mean(percents)) if percents else None),
                part("smoothness", smoothness(np.array(self._rows, np.float64).reshape(-1, 3))),
                *(part(kind, float(verdict.counts.get(kind, 0))) for kind in FACTORS),
            ),
            infractions=tuple(counted),
            thresholds={**thresholds_of(self._criteria.limits), **thresholds_of(DEFAULTS)},
            notes=NOTES + _NOTES,
        )


def smoothness(rows: np.ndarray) -> float | None:
    """Return the share of pieces of 2 s that are comfortable; of all of it when it is shorter.

    ``rows`` (N, 3) are longitudinal and lateral acceleration (m/s2) and yaw rate (rad/s) at 10 Hz.
    """
    rows = np.array(rows)
    if len(rows) > 1 and not np.isfinite(rows[0]).all():
        rows[0] = rows[1]
    if len(rows) <= _ORDER + 1 or not np.isfinite(rows).all():
        return None
    if len(rows) <= _PIECE:
        return float(_comfortable(rows))
    pieces = [rows[k : k + _PIECE] for k in range(0, len(rows) - _PIECE + 1, _PIECE)]
    return sum(map(_comfortable, pieces)) / len(pieces)


def _comfortable(rows: np.ndarray) -> bool:
    window, limits = min(_WINDOW, len(rows)), DEFAULTS
    along, left, yaw = (signal.savgol_filter(rows[:, k], window, _ORDER) for k in range(3))
    size = signal.savgol_filter(np.hypot(rows[:, 0], rows[:, 1]), window, _ORDER)
    jerk, along_jerk = (
        signal.savgol_filter(values, window, _ORDER, deriv=1, delta=_STEP_S)
        for values in (size, along)
    )
    return bool(
        (along > limits.least_lon_acceleration_mps2).all()
        and (along < limits.most_lon_acceleration_mps2).all()
        and (np.abs(left) < limits.lat_acceleration_mps2).all()
        and (np.abs(jerk) < limits.jerk_mps3).all()
        and (np.abs(along_jerk) < limits.lon_jerk_mps3).all()
        and (np.abs(yaw) < min(limits.yaw_acceleration_radps2, limits.yaw_rate_radps)).all()
    )
