"""Follow a plan: by the controller's solution, else by its last one, else by braking."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ...core.frames import Matrix
from ...core.run_contract.timebase import NS_PER_S
from ...world.timed_path import TimedPath
from ...world.vehicle_info import VehicleInfo
from ..agent import DriveTarget
from .curve import PlanCurve, Reference, Values
from .mpc import Mpc, MpcSettings, Solution

How = Literal["solved", "held", "braked"]

_CREEPS_MPS = 0.1
"""A plan that is slower backwards does not ask to be driven backwards."""


@dataclass(frozen=True)
class TrackerSettings:
    """How a plan is followed.

    * lead_s: the speed that is asked for is the one to be had so much later.
    * hold_s: without a new solution the last one holds for so long; then the ego brakes.
    * brake_mps2: how hard.
    * along_m: who is further behind the plan, or before it, catches up as if it were so far.
    """

    lead_s: float = 0.3
    hold_s: float = 0.5
    brake_mps2: float = 3.0
    along_m: float = 2.0
    mpc: MpcSettings = field(default_factory=MpcSettings)


@dataclass(frozen=True)
class Tracked:
    """What to do now, how that was found, and, where it was not solved, why not."""

    target: DriveTarget
    how: How
    why: str = ""


class PlanTracker:
    """Follows the plan that it took last; ``counts`` says how often each way was gone."""

    def __init__(
        self, vehicle: VehicleInfo, dt_s: float, settings: TrackerSettings | None = None
    ) -> None:
        self._vehicle = vehicle
        self._dt_s = dt_s
        self._s = settings or TrackerSettings()
        self._mpc = Mpc(self._s.mpc, vehicle.wheelbase_m)
        self._plan: TimedPath | None = None
        self._curve: PlanCurve | None = None
        self._why = "there is no plan"
        self._solution: Solution | None = None
        self._solved_ns = 0
        self._steer_rad: float | None = None
        self._backwards = False
        self.counts: Counter[str] = Counter()

    def take(self, plan: TimedPath | None) -> None:
        """Follow this plan from now on; None lets the ego brake to a stand at once."""
        self._plan, self._curve, self._why = plan, None, "there is no plan"
        if plan is None:
            self._solution = None

    def lose(self, why: str) -> None:
        """Go on without a plan: by the last solution, then braking; ``why`` is told."""
        self._plan, self._curve, self._why = None, None, why

    def step(self, stamp_ns: int, map_from_base: Matrix, speed_mps: float) -> Tracked:
        """Return what to do at a stamp, where base_link is and how fast along its own axis."""
        solution, why = self._solve(stamp_ns, map_from_base, speed_mps)
        if solution is not None:
            self._solution, self._solved_ns = solution, stamp_ns
        tracked = self._follow(stamp_ns, speed_mps, why)
        self._steer_rad = tracked.target.steer_rad
        self.counts[tracked.how] += 1
        return tracked

    def _solve(
        self, stamp_ns: int, map_from_base: Matrix, speed_mps: float
    ) -> tuple[Solution | None, str]:
        if self._plan is None:
            return None, self._why
        if stamp_ns >= self._plan.end_ns:
            late_s = (stamp_ns - self._plan.end_ns) / NS_PER_S
            return None, f"the plan has been over for {late_s:.2f} s"
        if self._curve is None:
            self._curve = PlanCurve(self._plan)
        plan = self._curve.at(stamp_ns, self._s.mpc.steps, self._s.mpc.step_s)
        limit_rad = self._vehicle.steer_limit_rad(
            max(abs(speed_mps), float(np.abs(plan.speed_mps).max()))
        )
        state = self._state(plan, map_from_base, speed_mps, limit_rad)
        solution = self._mpc.solve(plan, state, limit_rad)
        self._backwards = bool((plan.speed_mps < -_CREEPS_MPS).any())
        return (
            solution,
            "" if solution else "the solver found nothing within its iterations and its time",
        )

    def _state(
        self, plan: Reference, map_from_base: Matrix, speed_mps: float, limit_rad: float
    ) -> Values:
        """Return where the ego is relative to the plan, as the controller has it."""
        yaw = float(plan.yaw_rad[0])
        off = map_from_base[:2, 3] - (plan.x_m[0], plan.y_m[0])
        cos, sin = np.cos(yaw), np.sin(yaw)
        heading = np.arctan2(map_from_base[1, 0], map_from_base[0, 0]) - yaw
        steer_rad = self._steer_rad
        if steer_rad is None:
            steer_rad = np.arctan(self._vehicle.wheelbase_m * plan.curvature_per_m[0])
        return np.array(
            [
                np.clip(cos * off[0] + sin * off[1], -self._s.along_m, self._s.along_m),
                cos * off[1] - sin * off[0],
                np.arctan2(np.sin(heading), np.cos(heading)),
                speed_mps,
                np.clip(steer_rad, -limit_rad, limit_rad),
            ]
        )

    def _follow(self, stamp_ns: int, speed_mps: float, why: str) -> Tracked:
        """Return what the last solution says of now, or how to brake once that is too old."""
        age_s = (stamp_ns - self._solved_ns) / NS_PER_S
        if self._solution is None or age_s > self._s.hold_s:
            slower_mps = max(0.0, abs(speed_mps) - self._s.brake_mps2 * self._s.lead_s)
            asked_mps = float(np.copysign(slower_mps, speed_mps))
            return Tracked(DriveTarget(self._steer_rad or 0.0, asked_mps), "braked", why)
        later_s = self._mpc.later_s
        steer_rad = float(np.interp(age_s + self._dt_s, later_s, self._solution.steer_rad))
        asked_mps = float(np.interp(age_s + self._s.lead_s, later_s, self._solution.speed_mps))
        if not self._backwards:
            asked_mps = max(0.0, asked_mps)
        return Tracked(DriveTarget(steer_rad, asked_mps), "held" if why else "solved", why)
