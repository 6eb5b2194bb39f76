"""The ego's speed beside the traffic's, and standing for too long, by the Leaderboard's rules."""

from __future__ import annotations

import numpy as np

from ..moment import DriveMoment
from ..records import Infraction
from .limits import LeaderboardLimits
from .penalty import MIN_SPEED
from .route import RoutePoints

_LAST_PIECE = 0.95


class MinimumSpeed:
    """The ego's mean speed on each piece of the route in percent of that of all other vehicles."""

    def __init__(self, route: RoutePoints, limits: LeaderboardLimits) -> None:
        self._route = route
        self._piece_m = route.length_m / limits.checkpoints
        self._index, self._from_m = 0, 0.0
        self._traffic_mps, self._ego_mps, self._samples = 0.0, 0.0, 0
        self._checked: list[Infraction | None] = []
        self._percents: list[float] = []
        self._last: DriveMoment | None = None

    def update(self, moment: DriveMoment) -> None:
        """Look at the next tick."""
        passed = self._route.passed(moment.centre[:2], self._index, 2, moment.step_s)
        self._index = passed[-1] if passed else self._index
        at_m = float(self._route.along_m[self._index])
        if at_m - self._from_m > self._piece_m:
            percent, infraction = self._checkpoint(moment)
            self._percents.append(percent)
            self._checked.append(infraction)
            self._from_m = at_m
            self._traffic_mps, self._ego_mps, self._samples = 0.0, 0.0, 0
        others = moment.others
        known = others.are_vehicles & np.isfinite(others.speeds_mps)
        speeds = others.speeds_mps[known].tolist()
        if speeds:
            self._traffic_mps += sum(speeds) / len(speeds)
            self._ego_mps += moment.speed_mps
            self._samples += 1
        self._last = moment

    def checkpoints(self) -> tuple[list[float], list[Infraction]]:
        """Return the percent at each checkpoint, and those that were too slow.

        The piece that is being driven counts when the route is nearly done.
        """
        percents, infractions = list(self._percents), list(self._checked)
        done = float(self._route.along_m[self._index]) / self._route.length_m
        if self._last is not None and done > _LAST_PIECE:
            percent, infraction = self._checkpoint(self._last)
            percents.append(percent)
            infractions.append(infraction)
        return percents, [each for each in infractions if each is not None]

    def _checkpoint(self, moment: DriveMoment) -> tuple[float, Infraction | None]:
        percent = 100.0
        if self._samples and self._traffic_mps:
            percent = round(100.0 * self._ego_mps / self._traffic_mps, 2)
        if percent >= 100.0:
            return percent, None
        return percent, Infraction(
            kind=MIN_SPEED,
            stamp_ns=moment.stamp_ns,
            time_s=moment.time_s,
            place_m=moment.place_m,
            actors=(),
            figures={"percent": percent},
        )


class Blocked:
    """Whether the ego has been standing for too long."""

    def __init__(self, limits: LeaderboardLimits) -> None:
        self._limits = limits
        self._moved_s = 0.0

    def update(self, moment: DriveMoment) -> bool:
        """Look at the next tick; say whether the drive ends here."""
        if moment.speed_mps >= self._limits.blocked_mps:
            self._moved_s = moment.time_s
        return moment.time_s - self._moved_s > self._limits.blocked_s
