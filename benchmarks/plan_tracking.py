"""Time one step of the plan tracker, beside the bare OSQP work on the same problems.

Run: ``python benchmarks/plan_tracking.py [FRAMES]``. A car with a lag follows a plan that winds at
5 to 13 m/s and is planned anew twice a second. ``step`` is all that a frame costs: the plan at 21
moments, the problem's numbers, the solution. ``warm`` is what OSQP alone needs of that: the new
numbers and the solution from the last one. ``cold`` sets the same problem up anew and solves it
without a start. Goal: p50 of a step 1 ms, and no frame that is not solved.
"""

from __future__ import annotations

import math
import sys
import time
from typing import Any

import numpy as np
import osqp
from _figures import Figure, quick, tell
from _help import show_help

from carla_nurec_bridge.agents.tracking import PlanTracker
from carla_nurec_bridge.core.frames import matrix_from_xyz_rpy
from carla_nurec_bridge.world.timed_path import TimedPath
from carla_nurec_bridge.world.vehicle_info import VehicleInfo

FRAMES, DT_S, PLAN_S, EVERY = 120 if quick() else 600, 0.05, 4.0, 10
CAR = VehicleInfo("car", 2.85, 1.2, (4.9, 1.84, 1.5), (1.4, 0.0, 0.75), ((0.0, 1.2),))


class Watched:
    """The tracker's solver, its calls timed; the last problem can be solved from nothing too."""

    def __init__(self, solver: Any) -> None:
        self._solver = solver
        self._spent_s = 0.0
        self.warm_s: list[float] = []
        self.cold_s: list[float] = []

    def setup(self, *problem: Any, **settings: Any) -> None:
        """Keep what the problem is made of."""
        self._cost, self._linear, self._rows, *_ = problem
        self._settings = settings
        self._solver.setup(*problem, **settings)

    def update(self, **numbers: Any) -> None:
        """Pass on the numbers of a problem."""
        self._numbers = numbers
        began_s = time.perf_counter()
        self._solver.update(**numbers)
        self._spent_s = time.perf_counter() - began_s

    def solve(self, **options: Any) -> Any:
        """Solve it."""
        began_s = time.perf_counter()
        result = self._solver.solve(**options)
        self.warm_s.append(self._spent_s + time.perf_counter() - began_s)
        return result

    def solve_cold(self) -> None:
        """Set the last problem up anew and solve it."""
        rows, n = self._rows.copy(), self._numbers
        rows.data[:] = n["Ax"]
        began_s = time.perf_counter()
        anew = osqp.OSQP(algebra="builtin")
        anew.setup(self._cost, n["q"], rows, n["l"], n["u"], **self._settings)
        anew.solve(raise_error=False)
        self.cold_s.append(time.perf_counter() - began_s)


def winding(seconds: float) -> tuple[float, float]:
    """Return where the plan is at a time: a sine of 3 m to each side, 5 to 13 m/s."""
    x = 9.0 * seconds - 8.0 * math.cos(0.5 * seconds) + 8.0
    return x, 3.0 * math.sin(x / 20.0)


def plan(begin_s: float, begin_ns: int) -> TimedPath:
    """Return the plan from a time on, with a pose each 0.1 s."""
    poses = []
    for seconds in begin_s + np.arange(0.0, PLAN_S, 0.1):
        (x, y), (far_x, far_y) = winding(seconds), winding(seconds + 0.01)
        poses.append(matrix_from_xyz_rpy((x, y, 0), (0, 0, math.atan2(far_y - y, far_x - x))))
    stamps_ns = begin_ns + 100_000_000 * np.arange(len(poses), dtype=np.int64)
    return TimedPath(stamps_ns, np.array(poses))


def figures(name: str, durations_s: list[float]) -> str:
    """Return a line with median and tail in ms."""
    p50, p99 = 1000.0 * np.percentile(durations_s, [50, 99])
    return f"{name:6} p50 {p50:7.3f} ms   p99 {p99:7.3f} ms   ({len(durations_s)} times)"


def main() -> None:
    """Drive, and print the figures."""
    frames = int(sys.argv[1]) if len(sys.argv) > 1 else FRAMES
    made: list[Watched] = []
    bare = osqp.OSQP

    def watched(**options: Any) -> Watched:
        made.append(Watched(bare(**options)))
        return made[-1]

    osqp.OSQP = watched
    tracker = PlanTracker(CAR, DT_S)
    osqp.OSQP = bare
    x, y, yaw, speed_mps, worst_m = 0.0, 0.0, 0.15, 9.0, 0.0
    steps_s = []
    for frame in range(frames):
        stamp_ns, seconds = round((1.0 + frame * DT_S) * 1e9), frame * DT_S
        if frame % EVERY == 0:
            tracker.take(plan(seconds, stamp_ns))
        began_s = time.perf_counter()
        pose = matrix_from_xyz_rpy((x, y, 0), (0, 0, yaw))
        target = tracker.step(stamp_ns, pose, speed_mps).target
        steps_s.append(time.perf_counter() - began_s)
        if frame % 20 == 0:
            made[0].solve_cold()
        speed_mps += (1.0 - math.exp(-DT_S / 0.3)) * (target.speed_mps - speed_mps)
        x, y = x + speed_mps * math.cos(yaw) * DT_S, y + speed_mps * math.sin(yaw) * DT_S
        yaw += speed_mps / CAR.wheelbase_m * math.tan(target.steer_rad) * DT_S
        worst_m = max(worst_m, abs(y - 3.0 * math.sin(x / 20.0)))
    step_ms, warm_ms, cold_ms = (
        1e3 * float(np.median(one)) for one in (steps_s, made[0].warm_s, made[0].cold_s)
    )
    tell(Figure("plan_tracking", "a step, median", step_ms, "ms", "its solver", warm_ms))
    tell(Figure("plan_tracking", "its solver, median", warm_ms, "ms", "from nothing", cold_ms))
    print(figures("step", steps_s))
    print(figures("warm", made[0].warm_s))
    print(figures("cold", made[0].cold_s))
    ways = ", ".join(f"{count} {how}" for how, count in tracker.counts.items())
    print(f"{ways}; {worst_m:.2f} m beside the plan at most")


if __name__ == "__main__":
    show_help(__doc__)
    main()
