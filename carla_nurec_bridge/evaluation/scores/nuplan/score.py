"""nuPlan's closed-loop score of a drive."""

from __future__ import annotations

import math

from pydantic import Field

from ....world.object_classes import VEHICLES
from ..comfort import ComfortLimits, MotionSamples, smoothed_motion, within
from ..context import ScoreContext
from ..faults import at_fault, collision_type, in_one_lane
from ..moment import VULNERABLE, DriveMoment
from ..progress import Progress
from ..records import (
    Component,
    Infraction,
    ScoreResult,
    factor,
    part,
    product_of_average,
    thresholds_of,
    weighted,
)
from .direction import Direction
from .ttc import time_to_collision


class NuplanLimits(ComfortLimits):
    """nuPlan's limits beside those of comfort."""

    outside_m: float = Field(default=0.3, description="a corner this far off the road, m")
    against_m: float = Field(default=2.0, description="so far against the traffic in 1 s, m")
    against_at_most_m: float = Field(default=6.0, description="and at most, m")
    least_ttc_s: float = Field(default=0.95, description="the time to collision exceeds this, s")
    least_progress: float = Field(default=0.2, description="making progress from this share on")
    progress_m: float = Field(default=0.1, description="less than this is no progress, m")
    overspeed_mps: float = Field(default=2.23, description="mean speeding that scores zero, m/s")
    vulnerable_allowed: float = Field(default=0.0, description="collisions with these")
    vehicles_allowed: float = Field(default=0.0, description="collisions with vehicles")
    objects_allowed: float = Field(default=1.0, description="collisions with objects")


DEFAULTS = NuplanLimits()
_NOTES = (
    "Collisions are looked for at every tick, motion is sampled at 10 Hz as nuPlan's logs are.",
    "The route's middle line stands for the baselines of the expert's lanes.",
    "Junctions without a limit of their own have none; nuPlan takes the highest beside them.",
)


class NuplanScore:
    """nuPlan's closed-loop score, 0 to 1."""

    name = "nuplan"

    def __init__(self, context: ScoreContext, limits: NuplanLimits = DEFAULTS) -> None:
        self._context, self._limits = context, limits
        self._progress = None if context.route is None else Progress(context)
        self._motion = MotionSamples()
        self._collided: set[int] = set()
        self._faults = {"vru": 0, "vehicle": 0, "object": 0}
        self._infractions: list[Infraction] = []
        self._direction = Direction()
        self._outside_m, self._least_ttc_s = 0.0, math.inf
        self._over_s, self._time_s, self._ticks = 0.0, 0.0, 0
        self._off_road = self._slow_ttc = False

    def update(self, moment: DriveMoment) -> dict[str, float | None]:
        """Look at the next tick."""
        one_lane = in_one_lane(moment)
        faults = self._collisions(moment, one_lane)
        sides = not one_lane or moment.in_junction
        met = None if faults else time_to_collision(moment, self._collided, sides)
        ttc = met[0] if met else 0.0 if faults else None
        if ttc is not None:
            self._least_ttc_s = min(self._least_ttc_s, ttc)
            self._slow_ttc = self._once(
                self._slow_ttc,
                ttc <= self._limits.least_ttc_s,
                "time_to_collision",
                moment,
                {"ttc_s": ttc},
                *((met[1],) if met else faults),
            )
        outside = float(moment.corners_outside_m.max())
        self._outside_m = max(self._outside_m, outside)
        self._off_road = self._once(
            self._off_road,
            outside >= self._limits.outside_m,
            "off_road",
            moment,
            {"outside_m": outside},
        )
        self._direction.update(moment)
        self._motion.update(moment)
        if self._progress is not None:
            self._progress.update(moment)
        over = _overspeed_mps(moment)
        self._over_s += over
        self._time_s, self._ticks = moment.time_s, self._ticks + 1
        return {
            "time_to_collision": ttc,
            "outside_road_m": outside,
            "overspeed_mps": over,
            "ego_lon_acceleration": _known(moment.acceleration_base_mps2[0]),
            "ego_lat_acceleration": _known(moment.acceleration_base_mps2[1]),
            "progress_m": None if self._progress is None else self._progress.driven_m,
            "against_traffic_m": self._direction.against_m,
            "no_ego_at_fault_collisions": self._no_fault(),
        }

    def result(self) -> ScoreResult:
        """Return the score of all ticks so far."""
        limits = self._limits
        mapped = self._context.cover is not None
        ratio = None if self._progress is None else self._progress.ratio(limits.progress_m)
        figures = smoothed_motion(self._motion.table())
        calm = {} if figures is None else within(figures, limits)
        parts: tuple[Component, ...] = (
            factor("no_ego_at_fault_collisions", self._no_fault() if mapped else None),
            factor("drivable_area_compliance", float(not self._off_road) if mapped else None),
            factor(
                "ego_is_making_progress",
                None if ratio is None else float(ratio >= limits.least_progress),
            ),
            factor("driving_direction_compliance", self._in_direction() if mapped else None),
            weighted("ego_progress_along_expert_route", ratio, 5.0),
            weighted("time_to_collision_within_bound", float(not self._slow_ttc), 5.0),
            weighted("speed_limit_compliance", self._speed() if mapped else None, 4.0),
            weighted("ego_is_comfortable", float(all(calm.values())) if calm else None, 2.0),
        )
        told = [part(f"{name}_within_bounds", float(fits)) for name, fits in calm.items()]
        told += [
            part("min_time_to_collision_s", _known(self._least_ttc_s)),
            part("outside_road_m", self._outside_m if mapped else None),
            part("against_traffic_m", self._direction.most_m if mapped else None),
            *(part(f"at_fault_collisions_{kind}", float(n)) for kind, n in self._faults.items()),
        ]
        missing = [x.name for x in parts if x.value is None]
        return ScoreResult(
            name=self.name,
            title="nuPlan closed loop",
            metric_version="nuplan-devkit e924167, closed_loop_reactive_agents_weighted_average",
            value=product_of_average(parts),
            best=1.0,
            status=f"unknown: {', '.join(missing)}" if missing else "scored",
            components=(*parts, *told),
            infractions=tuple(self._infractions),
            thresholds=thresholds_of(limits),
            notes=_NOTES + (() if self._progress is None else self._progress.notes),
        )

    def _collisions(self, moment: DriveMoment, one_lane: bool) -> list[int]:
        """Count new collisions; return with whom they are the ego's fault."""
        found = []
        for i in moment.touching:
            actor, kind = moment.others.ids[i], moment.others.classes[i]
            if actor in self._collided:
                continue
            self._collided.add(actor)
            how = collision_type(moment, i)
            if at_fault(how, not one_lane):
                found.append(actor)
                group = "vru" if kind in VULNERABLE else "vehicle" if kind in VEHICLES else "object"
                self._faults[group] += 1
                self._add(
                    f"at_fault_collision_{how}", moment, {"ego_speed_mps": moment.speed_mps}, actor
                )
        return found

    def _no_fault(self) -> float:
        limits, score = self._limits, 1.0
        allowed = (limits.vulnerable_allowed, limits.vehicles_allowed, limits.objects_allowed)
        for count, spare in zip(self._faults.values(), allowed, strict=True):
            score *= max(0.0, 1.0 - count / (spare + 1.0))
        return score

    def _in_direction(self) -> float:
        if self._direction.most_m < self._limits.against_m:
            return 1.0
        return 0.5 if self._direction.most_m < self._limits.against_at_most_m else 0.0

    def _speed(self) -> float:
        if self._time_s <= 0.0:
            return 1.0
        step_s = self._time_s / (self._ticks - 1)
        return max(0.0, 1.0 - self._over_s * step_s / (self._limits.overspeed_mps * self._time_s))

    def _once(
        self,
        before: bool,
        now: bool,
        kind: str,
        moment: DriveMoment,
        figures: dict[str, float],
        *actors: int,
    ) -> bool:
        """Tell an infraction when it first comes; return whether it has come by now."""
        if now and not before:
            self._add(kind, moment, figures, *actors)
        return before or now

    def _add(self, kind: str, moment: DriveMoment, figures: dict[str, float], *actors: int) -> None:
        self._infractions.append(
            Infraction(
                kind=kind,
                stamp_ns=moment.stamp_ns,
                time_s=moment.time_s,
                place_m=moment.place_m,
                actors=actors,
                figures=figures,
            )
        )


def _overspeed_mps(moment: DriveMoment) -> float:
    limits = [spot.limit_mps for spot in moment.lanes[4] if spot.limit_mps is not None]
    return max(0.0, moment.speed_mps - max(limits)) if limits else 0.0


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
