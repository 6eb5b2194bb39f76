"""Whether a plan can be meant: nobody jumps, and a plan begins where the ego is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...core.errors import InputError
from ...core.frames import Matrix
from ...core.run_contract.timebase import NS_PER_S
from ...world.timed_path import TimedPath


@dataclass(frozen=True)
class PlanLimits:
    """How fast a plan may go at most, and how far from the ego it may be; m/s, m."""

    speed_mps: float = 70.0
    offset_m: float = 5.0


def check_plan(plan: TimedPath, stamp_ns: int, map_from_base: Matrix, limits: PlanLimits) -> None:
    """Refuse a plan that jumps, is over, or is not about where the ego is at ``stamp_ns``.

    InputError says which pose, and by how much.
    """
    if plan.end_ns <= stamp_ns:
        raise InputError(
            f"it ends at {plan.end_ns} ns, which is not after the frame of {stamp_ns} ns"
        )
    places = plan.map_from_base[:, :2, 3]
    steps_m = np.linalg.norm(np.diff(places, axis=0), axis=1)
    speeds_mps = steps_m / (np.diff(plan.stamps_ns) / NS_PER_S)
    if (speeds_mps > limits.speed_mps).any():
        pose = int(np.argmax(speeds_mps > limits.speed_mps))
        raise InputError(
            f"its pose {pose + 1} lies {steps_m[pose]:.2f} m from the one before, which would take "
            f"{speeds_mps[pose]:.0f} m/s; plans go {limits.speed_mps:g} m/s at most"
        )
    offset_m = float(np.linalg.norm(plan.at(stamp_ns)[:2, 3] - map_from_base[:2, 3]))
    if plan.start_ns > stamp_ns:
        reach_m = limits.speed_mps * (plan.start_ns - stamp_ns) / NS_PER_S
        offset_m = max(0.0, offset_m - reach_m)
    if offset_m > limits.offset_m:
        raise InputError(
            f"it is {offset_m:.2f} m away from base_link at the frame of {stamp_ns} ns; plans "
            f"begin within {limits.offset_m:g} m of it"
        )
