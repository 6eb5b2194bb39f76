"""The agents that come with this package, by the names that a run has for them."""

from __future__ import annotations

from dataclasses import dataclass

from ..world.vehicle_info import VehicleInfo
from .agent import Agent
from .constant_velocity import ConstantVelocityAgent, Keeps
from .idm import IdmAgent, IdmSettings
from .route_follower import Points, RouteFollower, settings_for

SHIPPED_AGENTS = ("route_follower", "constant_velocity", "idm")


@dataclass(frozen=True)
class AgentWish:
    """Which agent is to drive, and how.

    * cruise_mps: its speed on a free straight road.
    * keeps: what ``constant_velocity`` keeps.
    * handover_ns: from which stamp on what is asked for acts.
    * dt_s: simulated time of a frame.
    """

    name: str
    cruise_mps: float
    keeps: Keeps
    handover_ns: int
    dt_s: float


def build_agent(wish: AgentWish, route: Points, vehicle: VehicleInfo) -> Agent:
    """Return the agent that is asked for, one of ``SHIPPED_AGENTS``.

    * route: points (N, 3) in the map, a metre apart, at least two.
    """
    if wish.name == "idm":
        return IdmAgent(route, vehicle, IdmSettings(desired_mps=wish.cruise_mps), wish.dt_s)
    if wish.name == "constant_velocity":
        return ConstantVelocityAgent(route, vehicle, wish.keeps, wish.handover_ns, wish.cruise_mps)
    return RouteFollower(route, settings_for(vehicle, cruise_mps=wish.cruise_mps), wish.dt_s)
