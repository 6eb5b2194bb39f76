"""The parameters of ``route_agent``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from ...core.run_contract.streams import AGENT
from .declare import of_run, parameter

_run = partial(of_run, AGENT)


@dataclass(frozen=True)
class AgentParameters:
    """What ``route_agent`` was asked to do."""

    cruise_mps: float = parameter(
        9.0, "cruise_speed_mps", "speed on a free straight road", unit="m/s", between=(0.5, 60)
    )
    run_dir: str = _run("run_dir", "", "folder for the summary; empty = none is written")
    dt_s: float = _run("dt_s")
    lockstep: bool = _run("lockstep", False, "answer every frame, skip none")
    participants: tuple[str, ...] = parameter(
        (), "lockstep.participants", "names of the nodes of the run"
    )
    start_s: float = _run("start_deadline_s", 20.0, "wall time until a route comes")
