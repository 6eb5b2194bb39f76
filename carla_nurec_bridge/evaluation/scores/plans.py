"""How far a drive came from what was planned: displacement errors of plans over their horizons."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ...core.run_contract.record import Record
from ...core.run_contract.timebase import NS_PER_S, seconds_to_ns

HORIZONS_S = (0.5, 1.0, 2.5, 5.0)
"""AlpaSim's horizons of displacement errors."""
_IN_MAP = ("map", "odom")


class PlanHorizon(Record):
    """Displacement errors of plans over one horizon."""

    horizon_s: float = Field(description="how far ahead the plans are compared, s")
    plans: int = Field(description="plans that reach so far and whose time was driven")
    ade_m: float | None = Field(description="mean distance of planned and driven places, m")
    fde_m: float | None = Field(description="mean distance at the end of the horizon, m")


class PlanFigures(Record):
    """What was planned beside what was driven."""

    plans: int = Field(description="plans that came")
    unread: int = Field(description="plans without rising stamps, in another frame, or not finite")
    horizons: tuple[PlanHorizon, ...] = Field(description="errors by horizon")


class Plans:
    """The plans of a drive: nav_msgs/Path, poses of base_link in the map with stamps."""

    def __init__(self) -> None:
        self._plans: list[tuple[int, NDArray[np.int64], NDArray[np.float64]]] = []
        self._unread = 0

    def add(self, message: Any) -> None:
        """Take a plan; one that cannot be read is counted."""
        stamps = np.array([_ns(each.header.stamp) for each in message.poses], np.int64)
        points = np.array(
            [(each.pose.position.x, each.pose.position.y) for each in message.poses], np.float64
        ).reshape(-1, 2)
        frame = message.header.frame_id.rpartition("/")[2]
        rises = len(stamps) > 0 and bool((np.diff(stamps) > 0).all())
        if frame in _IN_MAP and rises and stamps[0] > 0 and np.isfinite(points).all():
            self._plans.append((_ns(message.header.stamp), stamps, points))
        else:
            self._unread += 1

    def figures(
        self, stamps_ns: NDArray[np.int64], driven: NDArray[np.float64]
    ) -> PlanFigures | None:
        """Compare with where base_link was (N, 2) at stamps (N,); None where no plan came."""
        if not self._plans and not self._unread:
            return None
        return PlanFigures(
            plans=len(self._plans) + self._unread,
            unread=self._unread,
            horizons=tuple(self._over(horizon, stamps_ns, driven) for horizon in HORIZONS_S),
        )

    def _over(
        self, horizon_s: float, stamps_ns: NDArray[np.int64], driven: NDArray[np.float64]
    ) -> PlanHorizon:
        """Compare the plans that reach a horizon within the drive."""
        means, ends = [], []
        for start_ns, plan_ns, points in self._plans:
            end_ns = start_ns + seconds_to_ns(horizon_s)
            inside = (plan_ns > start_ns) & (plan_ns <= end_ns)
            reached = plan_ns[-1] >= end_ns and stamps_ns[0] <= start_ns and stamps_ns[-1] >= end_ns
            if not reached or not inside.any():
                continue
            away = points[inside] - _at(plan_ns[inside], stamps_ns, driven)
            means.append(float(np.hypot(away[:, 0], away[:, 1]).mean()))
            end = np.array([end_ns])
            last = _at(end, plan_ns, points) - _at(end, stamps_ns, driven)
            ends.append(float(np.hypot(last[0, 0], last[0, 1])))
        return PlanHorizon(
            horizon_s=horizon_s,
            plans=len(means),
            ade_m=sum(means) / len(means) if means else None,
            fde_m=sum(ends) / len(ends) if ends else None,
        )


def _at(
    when_ns: NDArray[np.int64], stamps_ns: NDArray[np.int64], points: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return places (K, 2) between those (N, 2) at stamps."""
    since = (stamps_ns - stamps_ns[0]) / NS_PER_S
    when = (when_ns - stamps_ns[0]) / NS_PER_S
    return np.stack([np.interp(when, since, points[:, k]) for k in (0, 1)], axis=1)


def _ns(stamp: Any) -> int:
    return int(stamp.sec) * NS_PER_S + int(stamp.nanosec)
