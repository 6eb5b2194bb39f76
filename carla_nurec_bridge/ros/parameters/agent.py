"""The parameters of ``route_agent``."""

from __future__ import annotations

from dataclasses import dataclass

from .declare import parameter


@dataclass(frozen=True)
class AgentParameters:
    """What ``route_agent`` was asked to do."""

    cruise_mps: float = parameter(
        9.0, "cruise_speed_mps", "speed on a free straight road, m/s", between=(0.5, 60)
    )
    run_dir: str = parameter("", "run_dir", "folder for the summary; empty = none is written")
    dt_s: float = parameter(0.05, "dt_s", "simulated time of one frame in s", between=(0.001, 1.0))
    lockstep: bool = parameter(False, "lockstep.enabled", "answer every frame, skip none")
    participants: tuple[str, ...] = parameter(
        (), "lockstep.participants", "names of the nodes of the run"
    )
    start_s: float = parameter(
        20.0, "deadlines.start_s", "wall time in s until a route comes", between=(0.1, 3600)
    )
