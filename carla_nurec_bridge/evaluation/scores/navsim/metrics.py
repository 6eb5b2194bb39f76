"""NAVSIM's metrics of a drive, ten samples a second: what PDMS and EPDMS are made of."""

from __future__ import annotations

from collections import deque

import numpy as np

from ..comfort import SAMPLE_NS, Every, MotionSamples, smoothed_motion, within
from ..context import ScoreContext
from ..faults import at_fault, collision_type, in_one_lane, is_agent
from ..moment import DriveMoment
from ..progress import Progress
from ..records import Infraction
from .limits import DEFAULTS, NavsimLimits
from .ttc import TimeToCollision

_WINDOW_SAMPLES = 10
_ROUTE_STEP_M = 1.0


class NavsimMetrics:
    """The metrics of one drive; the scores that share them may each show them the same tick."""

    def __init__(self, context: ScoreContext, limits: NavsimLimits = DEFAULTS) -> None:
        self._context, self.limits = context, limits
        self.progress = None if context.route is None else Progress(context)
        self._every = Every(SAMPLE_NS)
        self._motion = MotionSamples()
        self._ttc = TimeToCollision(limits.stopped_mps)
        self._route_lanes = _route_lanes(context)
        self._ignored: set[int] | None = None
        self._steps: deque[float] = deque(maxlen=_WINDOW_SAMPLES + 1)
        self._last: DriveMoment | None = None
        self._seen: DriveMoment | None = None
        self._beside = 0
        self.infractions: list[Infraction] = []
        self.no_collision = self.in_road = self.on_green = self.ttc = self.in_lane = 1.0
        self.off_route_m = 0.0

    @property
    def has_map(self) -> bool:
        """Whether the lanes are known."""
        return self._context.cover is not None

    @property
    def direction(self) -> float:
        """DDC: 1, a half or 0 by how far the ego drove off the lanes of its route in a second."""
        if self.off_route_m < self.limits.against_m:
            return 1.0
        return 0.5 if self.off_route_m < self.limits.against_at_most_m else 0.0

    def comfort(self) -> float | None:
        """Return 1 where all samples are comfortable, 0 otherwise, None for too few."""
        figures = smoothed_motion(self._motion.table())
        return None if figures is None else float(all(within(figures, self.limits).values()))

    def progress_ratio(self) -> float | None:
        """Return the share of the reference's progress; 1 where that is short."""
        if self.progress is None:
            return None
        reference = self.progress.expert_m
        if reference <= self.limits.progress_m:
            return 1.0
        return min(1.0, max(0.0, self.progress.driven_m) / reference)

    def update(self, moment: DriveMoment) -> None:
        """Look at the next tick."""
        if moment is self._seen:
            return
        self._seen = moment
        if self.progress is not None:
            self.progress.update(moment)
        self._motion.update(moment)
        if not self._every.due(moment.stamp_ns):
            return
        self._collisions(moment)
        if float(moment.corners_outside_m.max()) > 0.0:
            self.in_road = self._lower(self.in_road, 0.0, "off_road", moment)
        self._direction(moment)
        self._lights(moment)
        self._lane_keeping(moment)
        for when, actor in self._ttc.update(moment):
            self.ttc = self._lower(self.ttc, 0.0, "time_to_collision", when, actor)
        self._last = moment

    def _collisions(self, moment: DriveMoment) -> None:
        if self._ignored is None:
            self._ignored = {moment.others.ids[i] for i in moment.touching}
        for i in moment.touching:
            actor = moment.others.ids[i]
            if actor in self._ignored:
                continue
            how = collision_type(moment, i)
            if at_fault(how, not in_one_lane(moment) or moment.corners_outside_m.max() > 0.0):
                agent = is_agent(moment.others.classes[i])
                score = 0.0 if agent else self.limits.objects_score
                kind = f"at_fault_collision_{how}"
                self.no_collision = self._lower(self.no_collision, score, kind, moment, actor)
            else:
                self._ignored.add(actor)

    def _direction(self, moment: DriveMoment) -> None:
        step_m = 0.0
        spots = moment.lanes[4]
        off = not any((spot.road_id, spot.lane_id > 0) in self._route_lanes for spot in spots)
        if self._last is not None and self._route_lanes and off and not moment.in_junction:
            step_m = float(np.hypot(*(moment.centre - self._last.centre)[:2]))
        self._steps.append(step_m)
        before = self.off_route_m
        self.off_route_m = max(before, sum(self._steps))
        if before < self.limits.against_m <= self.off_route_m:
            self._tell("off_route_lanes", moment)

    def _lights(self, moment: DriveMoment) -> None:
        corners = np.concatenate([moment.corners, np.ones((4, 1))], axis=1)
        for light in moment.lights:
            if light.shows != "red":
                continue
            at = corners @ np.linalg.inv(light.map_from_area).T
            line_m = 0.5 * light.size_m[0]
            over = at[:, 0].min() <= line_m < at[:, 0].max()
            beside = np.abs(at[:, 1]).min() <= 0.5 * light.size_m[1]
            ahead = float(light.map_from_area[:2, 0] @ moment.footprint.axes[0, 0]) > 0.0
            if over and beside and ahead and abs(float(at[:, 2].mean())) < 2.5:
                self.on_green = self._lower(self.on_green, 0.0, "red_light", moment)

    def _lane_keeping(self, moment: DriveMoment) -> None:
        if self.progress is None or moment.in_junction:
            return
        far = self.progress.beside_m > self.limits.beside_m
        self._beside = self._beside + 1 if far else 0
        if self._beside * SAMPLE_NS >= self.limits.beside_s * 1e9:
            self.in_lane = self._lower(self.in_lane, 0.0, "beside_the_lane", moment)

    def _lower(
        self, before: float, to: float, kind: str, moment: DriveMoment, *actors: int
    ) -> float:
        if to < before:
            self._tell(kind, moment, *actors)
        return min(before, to)

    def _tell(self, kind: str, moment: DriveMoment, *actors: int) -> None:
        self.infractions.append(
            Infraction(
                kind=kind,
                stamp_ns=moment.stamp_ns,
                time_s=moment.time_s,
                place_m=moment.place_m,
                actors=actors,
                figures={"ego_speed_mps": moment.speed_mps},
            )
        )


def _route_lanes(context: ScoreContext) -> set[tuple[str, bool]]:
    """Return the roads of a route, each with the side of the lanes that go its way."""
    cover, route = context.cover, context.route
    if cover is None or route is None:
        return set()
    points = np.asarray(route, np.float64)
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points[:, :2], axis=0), axis=1))])
    along = np.arange(0.0, arc[-1], _ROUTE_STEP_M)
    columns = [np.interp(along, arc, points[:, k]) for k in range(points.shape[1])]
    found = cover.over(np.stack(columns, axis=1))
    return {(spot.road_id, spot.lane_id > 0) for spots in found for spot in spots}
