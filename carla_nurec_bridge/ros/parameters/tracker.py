"""The parameters of ``plan_tracker``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from ...core.run_contract.streams import TRACKER
from .declare import of_run, parameter

_run = partial(of_run, TRACKER)


@dataclass(frozen=True)
class TrackerParameters:
    """What ``plan_tracker`` was asked to do."""

    period_s: float = _run("agent_plan_period_s")
    max_age_s: float = parameter(
        1.0,
        "plan.max_age_s",
        "without lock-step: how old a plan may be",
        unit="s",
        between=(0.0, 60.0),
    )
    max_offset_m: float = parameter(
        5.0,
        "plan.max_offset_m",
        "how far from base_link a plan may be at its frame",
        unit="m",
        between=(0.1, 1000.0),
    )
    max_speed_mps: float = parameter(
        70.0,
        "plan.max_speed_mps",
        "how fast a plan may go; what is faster is a jump",
        unit="m/s",
        between=(1.0, 200.0),
    )
    hold_s: float = parameter(
        0.5,
        "fallback.hold_s",
        "how long the last solution holds where there is no new one; then the ego brakes",
        unit="s",
        between=(0.0, 2.0),
    )
    brake_mps2: float = parameter(
        3.0, "fallback.brake_mps2", "how hard it brakes", unit="m/s^2", between=(0.5, 10.0)
    )
    solver_s: float = parameter(
        0.02,
        "solver.deadline_s",
        "without lock-step: wall time for one solution; in lock-step only the solver's iterations "
        "are limited, so that runs stay equal",
        unit="s",
        between=(0.001, 10.0),
    )
    run_dir: str = _run("run_dir", "", "folder for the summary; empty = none is written")
    dt_s: float = _run("dt_s")
    lockstep: bool = _run("lockstep", False, "answer every frame, skip none")
    participants: tuple[str, ...] = parameter(
        (), "lockstep.participants", "names of the nodes of the run"
    )
    start_s: float = _run("start_deadline_s", 20.0, "wall time until a route comes")
    frame_s: float = _run("frame_deadline_s", 5.0, "wall time until a frame's plan comes")
