"""NAVSIM's PDMS and EPDMS of a driven path."""

from __future__ import annotations

from typing import Literal

from ..moment import DriveMoment
from ..records import ScoreResult, factor, part, product_of_average, thresholds_of, weighted
from .metrics import NavsimMetrics

_NOTES = (
    "NAVSIM scores plans of 4 s; here its metrics are those of the whole drive.",
    "Progress is a share of the expert's or the route's, not of the PDM planner's.",
    "A red light counts at its stop line; NAVSIM looks at the lanes behind it.",
)
_EXTENDED = (
    "Extended comfort compares two plans and is left out of the average, as in one stage.",
    "No human's drive filters the metrics.",
)


class NavsimScore:
    """PDMS of version 1 or EPDMS of version 2, 0 to 1."""

    def __init__(self, name: Literal["pdms", "epdms"], metrics: NavsimMetrics) -> None:
        self.name: str = name
        self._metrics = metrics

    def update(self, moment: DriveMoment) -> dict[str, float | None]:
        """Look at the next tick; the time to collision is known 0.9 s later."""
        metrics = self._metrics
        metrics.update(moment)
        return {
            "no_at_fault_collisions": metrics.no_collision,
            "drivable_area_compliance": metrics.in_road,
            "time_to_collision_within_bound": metrics.ttc,
            "ego_progress": metrics.progress_ratio(),
        }

    def result(self) -> ScoreResult:
        """Return the score of all ticks so far."""
        metrics = self._metrics
        extended = self.name == "epdms"
        mapped = metrics.has_map
        parts = [
            factor("no_at_fault_collisions", metrics.no_collision if mapped else None),
            factor("drivable_area_compliance", metrics.in_road if mapped else None),
        ]
        if extended:
            directed = mapped and metrics.progress is not None
            parts += [
                factor("driving_direction_compliance", metrics.direction if directed else None),
                factor("traffic_light_compliance", metrics.on_green),
            ]
        parts += [
            weighted("ego_progress", metrics.progress_ratio(), 5.0),
            weighted("time_to_collision_within_bound", metrics.ttc, 5.0),
        ]
        if extended:
            kept = metrics.in_lane if metrics.progress is not None else None
            parts.append(weighted("lane_keeping", kept, 2.0))
        parts.append(weighted("history_comfort" if extended else "comfort", metrics.comfort(), 2.0))
        missing = [each.name for each in parts if each.value is None]
        kinds = None if extended else ("off_route_lanes", "red_light", "beside_the_lane")
        told = [x for x in metrics.infractions if kinds is None or x.kind not in kinds]
        return ScoreResult(
            name=self.name,
            title="NAVSIM EPDMS" if extended else "NAVSIM PDMS",
            metric_version="navsim 0a380a9, version 2" if extended else "navsim version 1",
            value=product_of_average(tuple(parts)),
            best=1.0,
            status=f"unknown: {', '.join(missing)}" if missing else "scored",
            components=(
                *parts,
                *([part("off_route_lanes_m", metrics.off_route_m)] if extended else []),
            ),
            infractions=tuple(sorted(told, key=lambda each: each.stamp_ns)),
            thresholds=thresholds_of(metrics.limits),
            notes=_NOTES + (_EXTENDED if extended else ()),
        )
