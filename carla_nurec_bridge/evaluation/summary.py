"""The figures of a drive: distance, speed, route, collisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.run_contract.timebase import NS_PER_S
from ..world.states import State
from .collisions import Collision, collisions
from .route import RouteProgress, route_progress

STANDING_MPS = 0.1
"""Below this the ego stands (CARLA's leaderboard calls it blocked)."""


@dataclass(frozen=True)
class DriveSummary:
    """The figures of one drive, distances along the ground; ``route`` is None without one."""

    duration_s: float
    distance_m: float
    mean_speed_mps: float
    max_speed_mps: float
    standing_s: float
    route: RouteProgress | None
    collisions: tuple[Collision, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the figures as values that JSON can hold."""
        return {
            "duration_s": round(self.duration_s, 3),
            "distance_m": round(self.distance_m, 3),
            "mean_speed_mps": round(self.mean_speed_mps, 3),
            "max_speed_mps": round(self.max_speed_mps, 3),
            "standing_s": round(self.standing_s, 3),
            "route_completion": None if self.route is None else round(self.route.completion, 4),
            "route_length_m": None if self.route is None else round(self.route.length_m, 3),
            "max_route_offset_m": None if self.route is None else round(self.route.max_offset_m, 3),
            "collisions": [
                {
                    "stamp_ns": c.stamp_ns,
                    "object": c.id,
                    "class": c.label,
                    "ego_speed_mps": round(c.ego_speed_mps, 3),
                }
                for c in self.collisions
            ],
        }


def evaluate(states: Sequence[State], route: NDArray[np.float64] | None) -> DriveSummary:
    """Return the figures of a drive from its states in order of time.

    ``route`` (N, 2 or 3) is in the map frame, or None.
    """
    if not states:
        return DriveSummary(0.0, 0.0, 0.0, 0.0, 0.0, None, ())
    positions = np.array([state.map_from_base[:3, 3] for state in states])
    stamps_s = np.array([state.stamp_ns - states[0].stamp_ns for state in states]) / NS_PER_S
    speeds = np.array([abs(state.speed_mps) for state in states])
    duration_s = float(stamps_s[-1])
    distance_m = float(np.linalg.norm(np.diff(positions[:, :2], axis=0), axis=1).sum())
    steps_s = np.diff(stamps_s)
    return DriveSummary(
        duration_s,
        distance_m,
        distance_m / duration_s if duration_s > 0 else 0.0,
        float(speeds.max()),
        float(steps_s[speeds[1:] < STANDING_MPS].sum()),
        None if route is None else route_progress(route, positions),
        collisions(states),
    )
