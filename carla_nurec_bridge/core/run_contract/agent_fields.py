"""The fields of a run that say who drives, and how."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import field_validator

from .drive_fields import DriveFields
from .run_fields import run_field
from .streams import AGENT, EGODRIVER, RECORDER, TRACKER

AgentName = Literal[
    "route_follower", "recorded", "constant_velocity", "idm", "plan_tracker", "none"
]
"""Who drives it."""


class AgentFields(DriveFields):
    """The fields of a ``RunConfig`` that follow: who drives, and what that is told."""

    agent: AgentName = run_field(
        "route_follower",
        "who drives (plan_tracker: your planner, by its plans); none = your own agent",
        becomes={AGENT: "agent"},
    )
    agent_speed_mps: float = run_field(
        9.0,
        "the agent's speed on a free straight road",
        unit="m/s",
        between=(0.5, 60.0),
        becomes={AGENT: "cruise_speed_mps"},
    )
    agent_period_frames: int = run_field(
        1,
        "lock-step: route_agent is asked at frames whose number this divides; its command holds",
        between=(1, 1000),
        becomes={AGENT: "lockstep.period_frames", RECORDER: "lockstep.agent_period_frames"},
    )
    agent_recording: Path | None = run_field(
        None,
        "agent recorded: bag, CARLA recording or scene package whose ego it follows; empty = the "
        "run's scene",
        becomes={AGENT: "recording"},
    )
    agent_recorded_by: Literal["time", "place"] = run_field(
        "time",
        "agent recorded: where that was at this time, or as fast as it was here",
        becomes={AGENT: "recorded_by"},
    )
    agent_keeps: Literal["heading", "lane"] = run_field(
        "heading", "agent constant_velocity: what it keeps", becomes={AGENT: "keeps"}
    )
    agent_plan_period_s: float = run_field(
        0.1,
        "agent plan_tracker: simulated time from one plan to the next, a whole number of frames",
        unit="s",
        between=(0.001, 10.0),
        becomes={TRACKER: "plan.period_s"},
    )
    agent_nodes: tuple[str, ...] = run_field(
        (), "names of your own nodes, with commas, without whom the run does not begin"
    )
    egodriver: str = run_field(
        "",
        "policy server (HOST:PORT or unix:PATH, AlpaSim's driver contract) that the agent asks "
        "instead; empty = none",
        becomes={EGODRIVER: "policy.target"},
    )

    @field_validator("agent_nodes", mode="before")
    @classmethod
    def _nodes(cls, value: object) -> object:
        """Take a text with commas, as launch arguments and ``--set`` give it."""
        return [part for part in value.split(",") if part] if isinstance(value, str) else value

    @field_validator("agent", mode="before")
    @classmethod
    def _switched(cls, value: object) -> object:
        """Take true for the route follower and false for none."""
        switch = {"true": "route_follower", "false": "none"}
        return switch.get(str(value).lower(), value)
