"""The agents that come with this package, by the names that a run has for them."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.errors import InputError
from ..world.timed_path import TimedPath
from ..world.vehicle_info import VehicleInfo
from .agent import Agent
from .constant_velocity import ConstantVelocityAgent, Keeps
from .idm import IdmAgent, IdmSettings
from .recorded import By, RecordedAgent
from .route_follower import Points, RouteFollower, settings_for

SHIPPED_AGENTS = ("route_follower", "recorded", "constant_velocity", "idm")


@dataclass(frozen=True)
class AgentWish:
    """Which agent is to drive, and how.

    * cruise_mps: its speed on a free straight road.
    * keeps: what ``constant_velocity`` keeps.
    * recorded: what ``recorded`` follows, its stamps those of the run; by time or by place.
    * handover_ns: from which stamp on what is asked for acts.
    * dt_s: simulated time between two frames that it is asked about.
    """

    name: str
    cruise_mps: float
    keeps: Keeps
    handover_ns: int
    dt_s: float
    recorded: TimedPath | None = None
    recorded_by: By = "time"


def build_agent(wish: AgentWish, route: Points, vehicle: VehicleInfo) -> Agent:
    """Return the agent that is asked for, one of ``SHIPPED_AGENTS``; InputError where it cannot be.

    * route: points (N, 3) in the map, a metre apart, at least two.
    """
    if wish.name == "idm":
        return IdmAgent(route, vehicle, IdmSettings(desired_mps=wish.cruise_mps), wish.dt_s)
    if wish.name == "recorded":
        if wish.recorded is None:
            raise InputError("the agent recorded needs a recording to follow, or a scene")
        return RecordedAgent(wish.recorded, wish.recorded_by, vehicle, wish.dt_s)
    if wish.name == "constant_velocity":
        return ConstantVelocityAgent(route, vehicle, wish.keeps, wish.handover_ns, wish.cruise_mps)
    return RouteFollower(route, settings_for(vehicle, cruise_mps=wish.cruise_mps), wish.dt_s)
