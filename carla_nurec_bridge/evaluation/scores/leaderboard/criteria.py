"""All of the Leaderboard's criteria over one drive, which the scores of both versions share."""

from __future__ import annotations

from dataclasses import dataclass

from ..context import ScoreContext
from ..moment import DriveMoment
from ..records import Infraction
from . import penalty
from .collisions import CollisionCriterion
from .lanes import OutsideLanes
from .limits import DEFAULTS, LeaderboardLimits
from .route import OffRoute, RouteCompletion, RoutePoints
from .signs import RedLights, StopSigns
from .speed import Blocked, MinimumSpeed

_ENDS = {
    penalty.DEVIATION: "Agent deviated from the route",
    penalty.BLOCKED: "Agent got blocked",
    penalty.TIMEOUT: "Agent timed out",
}


@dataclass(frozen=True)
class CriteriaVerdict:
    """What the criteria have found so far; ``slow_percent`` are the checkpoints that failed."""

    completion_percent: float | None
    outside_percent: float
    counts: dict[str, int]
    slow_percent: tuple[float, ...]
    speed_percents: tuple[float, ...]
    infractions: tuple[Infraction, ...]
    status: str

    def penalty(self, version: penalty.Version, min_speed: bool = True) -> float:
        """Return the factor of the infractions, with or without those of the least speed."""
        slow = self.slow_percent if min_speed else ()
        return penalty.penalty(version, self.counts, slow, self.outside_percent)


class Criteria:
    """The criteria of one drive; nothing counts any more once it has arrived or failed."""

    def __init__(self, context: ScoreContext, limits: LeaderboardLimits = DEFAULTS) -> None:
        self._context = context
        self.limits = limits
        route = None if context.route is None else RoutePoints(context.route)
        self._completion = None if route is None else RouteCompletion(route, limits)
        self._off_route = None if route is None else OffRoute(route, limits)
        self._speed = None if route is None else MinimumSpeed(route, limits)
        self._lanes = None if route is None else OutsideLanes(route, limits)
        self._collisions = CollisionCriterion(limits)
        self._red_lights = RedLights(limits)
        self._stop_signs = StopSigns(context.stop_signs, limits)
        self._blocked = Blocked(limits)
        self._found: list[Infraction] = []
        self._counts: dict[str, int] = {}
        self._end: str | None = None
        self._last: DriveMoment | None = None
        self._verdict: CriteriaVerdict | None = None

    @property
    def over(self) -> bool:
        """Whether the drive has arrived or failed."""
        return self._end is not None

    def update(self, moment: DriveMoment) -> None:
        """Look at the next tick; scores that share these criteria may each show them the same."""
        if self.over or moment is self._last:
            return
        self._last, self._verdict = moment, None
        for infraction in (
            *self._collisions.update(moment),
            *self._red_lights.update(moment),
            *self._stop_signs.update(moment),
        ):
            self._add(infraction)
        ends = {penalty.BLOCKED: self._blocked.update(moment)}
        if self._lanes is not None and self._speed is not None:
            self._lanes.update(moment)
            self._speed.update(moment)
        if self._off_route is not None and self._completion is not None:
            place = moment.centre[:2]
            ends[penalty.DEVIATION] = self._off_route.update(place, moment.step_s)
            self._completion.update(place, moment.step_s)
        limit_s = self._context.time_limit_s
        ends[penalty.TIMEOUT] = limit_s is not None and moment.time_s > limit_s
        if self._completion is not None and self._completion.arrived:
            self._end = "arrived"
        for kind, ended in ends.items():
            if ended and self._end is None:
                self._end = kind
                self._add(
                    Infraction(
                        kind=kind,
                        stamp_ns=moment.stamp_ns,
                        time_s=moment.time_s,
                        place_m=moment.place_m,
                        actors=(),
                        figures={},
                    )
                )

    def verdict(self) -> CriteriaVerdict:
        """Return what was found up to the last tick."""
        if self._verdict is None:
            self._verdict = self._judge()
        return self._verdict

    def _judge(self) -> CriteriaVerdict:
        percents: list[float] = []
        slow: list[Infraction] = []
        if self._speed is not None:
            percents, slow = self._speed.checkpoints()
        outside = 0.0 if self._lanes is None else self._lanes.percent
        infractions = [*self._found, *slow]
        last = self._last
        if self._lanes is not None and last is not None and outside > 0.0:
            infractions.append(
                Infraction(
                    kind=penalty.OUTSIDE,
                    stamp_ns=last.stamp_ns,
                    time_s=last.time_s,
                    place_m=last.place_m,
                    actors=(),
                    figures={"percent": outside, "distance_m": self._lanes.outside_m},
                )
            )
        infractions.sort(key=lambda each: each.stamp_ns)
        return CriteriaVerdict(
            None if self._completion is None else self._completion.percent,
            outside,
            dict(self._counts),
            tuple(each.figures["percent"] for each in slow),
            tuple(percents),
            tuple(infractions),
            self._status(bool(infractions)),
        )

    def _status(self, infractions: bool) -> str:
        if self._end == "arrived":
            return "Completed" if infractions else "Perfect"
        return f"Failed - {_ENDS[self._end]}" if self._end else "Failed"

    def _add(self, infraction: Infraction) -> None:
        self._found.append(infraction)
        self._counts[infraction.kind] = self._counts.get(infraction.kind, 0) + 1
