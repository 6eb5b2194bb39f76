"""AlpaSim's metrics of every tick under its names, and its score of a scene.

Source: github.com/NVlabs/alpasim, commit 3032e0c, ``src/eval``.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ...core.run_contract.record import Record
from ..footprints import Array, Footprints, gap_m
from ..route import MeasuredLine
from .context import ScoreContext
from .moment import DriveMoment
from .records import Infraction, ScoreResult, factor, part, thresholds_of

Indices = NDArray[np.int64]

_SAMPLES_DEG = (0.0, 45.0, 90.0)


class AlpasimLimits(Record):
    """AlpaSim's limits."""

    shrunk: float = Field(default=0.02, description="boxes are so much smaller")
    roundness: float = Field(default=0.5, description="corners: share of the least half side")
    wrong_lane_rad: float = Field(default=2 * math.pi / 3, description="against a lane, rad")
    most_dist_to_gt_m: float = Field(default=4.0, description="the drive is cut beyond this, m")
    enough_progress: float = Field(default=0.8, description="this share of progress is all")
    short_gt_m: float = Field(default=5.0, description="on shorter recordings progress is all, m")


DEFAULTS = AlpasimLimits()
_NOTES = (
    "Of several contacts at one tick all count; the source keeps the kind of the last.",
    "Who is off the road altogether counts as off road; the source looks at its edge.",
    "Metrics of plans (minADE, plan deviation, open-loop collision) need plans.",
)


class AlpasimScore:
    """AlpaSim's score of a scene, 0 to 1."""

    name = "alpasim"

    def __init__(self, context: ScoreContext, limits: AlpasimLimits = DEFAULTS) -> None:
        self._context, self._limits = context, limits
        line = context.route if context.expert is None else context.expert.positions
        self._line = None if line is None else MeasuredLine(np.asarray(line))
        self._infractions: list[Infraction] = []
        self._flags: dict[str, float] = {}
        self._over = False
        self._progress: float | None = None
        self._least_m, self._most_gt_m = math.inf, 0.0
        self._driven_m = 0.0
        self._last: DriveMoment | None = None
        self._gt_m = 0.0 if self._line is None else self._line.length_m

    def update(self, moment: DriveMoment) -> dict[str, float | None]:
        """Look at the next tick; what comes before the handover, or after the end, counts not."""
        hits = self._hits(moment)
        flags = {
            f"collision_{how}": float(how in hits.values()) for how in ("front", "rear", "lateral")
        }
        flags["collision_any"] = float(bool(hits))
        flags["collision_at_fault"] = max(flags["collision_front"], flags["collision_lateral"])
        flags["offroad"] = float(self._off_road(moment))
        flags["wrong_lane"] = float(self._wrong_lane(moment))
        if self._last is not None:
            self._driven_m += float(np.hypot(*(moment.centre - self._last.centre)[:2]))
        self._last = moment
        progress = gt_m = None
        if self._line is not None:
            along_m, gt_m = self._line.nearest(moment.centre[:2])
            progress = along_m / self._gt_m
        told: dict[str, float | None] = {
            **flags,
            "min_distance_to_obstacle_m": self._nearest_m(moment),
            "progress": progress,
            "progress_rel_to_total": progress,
            "dist_to_gt_trajectory": gt_m,
            "dist_to_gt_location": self._from_expert_m(moment),
            "dist_traveled_m": self._driven_m,
            "gt_dist_traveled_m": self._gt_m if self._line is not None else None,
        }
        if moment.time_s >= self._context.handover_s and not self._over:
            self._count(moment, told, hits)
        return told

    def result(self) -> ScoreResult:
        """Return the score of all ticks so far."""
        limits, known = self._limits, self._progress is not None
        mapped = self._context.cover is not None
        share = None
        if self._progress is not None:
            share = min(min(max(self._progress, 0.0), 1.0) / limits.enough_progress, 1.0)
            share = 1.0 if self._gt_m < limits.short_gt_m else share
        at_fault, off = self._flags.get("collision_at_fault", 0.0), self._flags.get("offroad", 0.0)
        failed = bool(at_fault or off)
        value = None if share is None or not mapped else 0.0 if failed else share
        status = "collision_at_fault" if at_fault else "offroad" if off else "passed"
        return ScoreResult(
            name=self.name,
            title="AlpaSim scene score",
            metric_version="alpasim 3032e0c",
            value=value,
            best=1.0,
            status=status if known and mapped else "unknown: no route or no map",
            components=(
                factor("progress_score", share),
                factor("no_collision_at_fault", 1.0 - at_fault),
                factor("on_road", 1.0 - off if mapped else None),
                part("progress", self._progress),
                *(part(name, worst) for name, worst in self._flags.items()),
                part(
                    "min_distance_to_obstacle_m",
                    self._least_m if math.isfinite(self._least_m) else None,
                ),
                part("dist_to_gt_trajectory", self._most_gt_m if known else None),
                part("gt_dist_traveled_m", self._gt_m if known else None),
            ),
            infractions=tuple(self._infractions),
            thresholds=thresholds_of(limits),
            notes=_NOTES,
        )

    def _count(
        self, moment: DriveMoment, told: dict[str, float | None], hits: dict[int, str]
    ) -> None:
        for name in (*(f"collision_{how}" for how in _KINDS), "offroad", "wrong_lane"):
            self._flags[name] = max(self._flags.get(name, 0.0), told[name] or 0.0)
        self._progress = told["progress"]
        least, gt_m = told["min_distance_to_obstacle_m"], told["dist_to_gt_trajectory"]
        self._least_m = min(self._least_m, math.inf if least is None else least)
        self._most_gt_m = max(self._most_gt_m, gt_m or 0.0)
        for actor, how in hits.items():
            self._tell(f"collision_{how}", moment, actor)
        if told["offroad"]:
            self._tell("offroad", moment)
        self._over = bool(hits or told["offroad"])
        self._over |= gt_m is not None and gt_m > self._limits.most_dist_to_gt_m

    def _shape(self, footprints: Footprints) -> tuple[Footprints, Array]:
        """Return what is left of boxes (N) inside their rounded corners, and the radii (N,)."""
        halves = footprints.halves_m * (1.0 - self._limits.shrunk)
        radii = self._limits.roundness * halves.min(axis=1)
        inner = Footprints(footprints.centres, footprints.headings, halves - radii[:, None])
        return inner, radii

    def _gaps_m(self, ego: Footprints, radius: float, moment: DriveMoment, which: Indices) -> Array:
        theirs, radii = self._shape(moment.others.footprints.chosen(which))
        egos = ego.chosen(np.zeros(len(which), np.int64))
        return np.asarray(gap_m(egos, theirs) - radius - radii)

    def _hits(self, moment: DriveMoment) -> dict[int, str]:
        """Return who touches the ego, and at which side."""
        which = np.array(moment.touching, np.int64)
        if not len(which):
            return {}
        ego, radii = self._shape(moment.footprint)
        radius = float(radii[0])
        which = which[self._gaps_m(ego, radius, moment, which) <= 0.0]
        if not len(which):
            return {}
        half = ego.halves_m[0] + radius
        ahead = ego.axes[:, 0] * (half[0] - 0.5 * radius)
        bumper = (0.5 * radius, float(half[1]))
        sides = [
            self._gaps_m(
                Footprints(ego.centres + way * ahead, ego.headings, bumper), 0.0, moment, which
            )
            for way in (1.0, -1.0)
        ]
        return {
            moment.others.ids[i]: "front" if front <= 0.0 else "rear" if rear <= 0.0 else "lateral"
            for i, front, rear in zip(which.tolist(), *sides, strict=True)
        }

    def _nearest_m(self, moment: DriveMoment) -> float | None:
        which = np.flatnonzero(moment.level)
        if not len(which):
            return None
        least = moment.apart_m[which] - moment.others.reach_m[which]
        half = moment.footprint.halves_m[0]
        close = which[
            least - float(np.hypot(half[0], half[1])) <= float(moment.apart_m[which].min())
        ]
        ego, radii = self._shape(moment.footprint)
        return max(0.0, float(self._gaps_m(ego, float(radii[0]), moment, close).min()))

    def _off_road(self, moment: DriveMoment) -> bool:
        if moment.cover is None or float(moment.corners_outside_m.max()) <= 0.0:
            return False
        inner, radii = self._shape(moment.footprint)
        angles = np.radians(_SAMPLES_DEG)
        signs = np.array([(1, 1), (1, -1), (-1, 1), (-1, -1)], np.float64)
        turned = np.stack([np.cos(angles), np.sin(angles)], axis=1) * float(radii[0])
        local = (signs[:, None] * (inner.halves_m[0] + turned[None])).reshape(-1, 2)
        flat = inner.centres[0] + local @ inner.axes[0]
        points = np.concatenate([flat, np.full((len(flat), 1), moment.rear_axle[2])], axis=1)
        return bool((moment.cover.outside_m(points, "carriageway") > 0.0).any())

    def _wrong_lane(self, moment: DriveMoment) -> bool:
        turns = (
            math.remainder(spot.heading_rad - moment.heading_rad, 2.0 * math.pi)
            for spot in moment.lanes[4]
        )
        return any(abs(turn) > self._limits.wrong_lane_rad for turn in turns)

    def _from_expert_m(self, moment: DriveMoment) -> float | None:
        expert = self._context.expert
        if expert is None:
            return None
        at = [
            np.interp(moment.time_s * 1e9, expert.stamps_ns, expert.positions[:, k]) for k in (0, 1)
        ]
        return float(np.hypot(moment.centre[0] - at[0], moment.centre[1] - at[1]))

    def _tell(self, kind: str, moment: DriveMoment, *actors: int) -> None:
        self._infractions.append(
            Infraction(
                kind=kind,
                stamp_ns=moment.stamp_ns,
                time_s=moment.time_s,
                place_m=moment.place_m,
                actors=actors,
                figures={"ego_speed_mps": moment.speed_mps},
            )
        )


_KINDS = ("front", "rear", "lateral", "any", "at_fault")
