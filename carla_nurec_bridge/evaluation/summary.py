"""The figures of a drive: distance, speed, route, collisions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ..core.run_contract.record import Record, Rounded, Rounded4
from ..core.run_contract.timebase import NS_PER_S
from ..world.states import WorldState
from .collisions import Collision, collisions
from .route import route_progress

STANDING_MPS = 0.1
"""Below this the ego stands (CARLA's leaderboard calls it blocked)."""


class DriveSummary(Record):
    """The figures of one drive, distances along the ground; those of the route null without one."""

    duration_s: Rounded = Field(description="simulated time from the first state to the last, s")
    distance_m: Rounded = Field(description="path of the ego, m")
    mean_speed_mps: Rounded = Field(description="distance by duration, m/s")
    max_speed_mps: Rounded = Field(description="highest speed, m/s")
    standing_s: Rounded = Field(description=f"time below {STANDING_MPS:g} m/s, s")
    route_completion: Rounded4 | None = Field(description="the driven part of the route, 0 to 1")
    route_length_m: Rounded | None = Field(description="length of the route, m")
    max_route_offset_m: Rounded | None = Field(description="largest distance from the route, m")
    collisions: tuple[Collision, ...] = Field(description="contacts in order of time")


def evaluate(states: Sequence[WorldState], route: NDArray[np.float64] | None) -> DriveSummary:
    """Return the figures of a drive from its states in order of time.

    ``route`` (N, 2 or 3) is in the map frame, or None.
    """
    if not states:
        return DriveSummary(
            duration_s=0.0,
            distance_m=0.0,
            mean_speed_mps=0.0,
            max_speed_mps=0.0,
            standing_s=0.0,
            route_completion=None,
            route_length_m=None,
            max_route_offset_m=None,
            collisions=(),
        )
    positions = np.array([state.ego.map_from_base[:3, 3] for state in states])
    stamps_s = np.array([state.stamp_ns - states[0].stamp_ns for state in states]) / NS_PER_S
    speeds_mps = np.array([abs(state.ego.speed_mps) for state in states])
    duration_s = float(stamps_s[-1])
    distance_m = float(np.linalg.norm(np.diff(positions[:, :2], axis=0), axis=1).sum())
    progress = None if route is None else route_progress(route, positions)
    return DriveSummary(
        duration_s=duration_s,
        distance_m=distance_m,
        mean_speed_mps=distance_m / duration_s if duration_s > 0 else 0.0,
        max_speed_mps=float(speeds_mps.max()),
        standing_s=float(np.diff(stamps_s)[speeds_mps[1:] < STANDING_MPS].sum()),
        route_completion=progress.completion if progress else None,
        route_length_m=progress.length_m if progress else None,
        max_route_offset_m=progress.max_offset_m if progress else None,
        collisions=collisions(states),
    )
