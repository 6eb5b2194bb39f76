"""The parameters of ``route_agent``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

from ...agents.shipped import SHIPPED_AGENTS
from ...core.run_contract.streams import AGENT
from .declare import of_run, parameter

_run = partial(of_run, AGENT)


@dataclass(frozen=True)
class AgentParameters:
    """What ``route_agent`` was asked to do."""

    agent: str = _run("agent", description="which agent drives", choices=SHIPPED_AGENTS)
    cruise_mps: float = _run("agent_speed_mps", description="speed on a free straight road")
    keeps: Literal["heading", "lane"] = _run("agent_keeps")
    recording: str = _run("agent_recording")
    recorded_by: Literal["time", "place"] = _run("agent_recorded_by")
    scene: str = _run("scene", description="scene package whose drive is followed without one")
    handover_s: float = _run("handover_ego_s")
    run_dir: str = _run("run_dir", "", "folder for the summary; empty = none is written")
    dt_s: float = _run("dt_s")
    lockstep: bool = _run("lockstep", False, "answer every frame, skip none")
    participants: tuple[str, ...] = parameter(
        (), "lockstep.participants", "names of the nodes of the run"
    )
    period_frames: int = _run("agent_period_frames")
    start_s: float = _run("start_deadline_s", 20.0, "wall time until a route comes")

    @property
    def asked_period_frames(self) -> int:
        """How many frames lie between two that it is asked about."""
        return self.period_frames if self.lockstep else 1
