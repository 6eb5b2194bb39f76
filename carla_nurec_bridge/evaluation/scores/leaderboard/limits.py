"""The limits of the Leaderboard's criteria."""

from __future__ import annotations

from pydantic import Field

from ....core.run_contract.record import Record


class LeaderboardLimits(Record):
    """The limits of the Leaderboard's criteria, the same in 2.0 and 2.1."""

    same_object_s: float = Field(default=5.0, description="contacts with one object count once")
    same_place_m: float = Field(default=5.0, description="contacts this near count once")
    at_fault_mps: float = Field(default=0.1, description="who stands has not caused a collision")
    outside_m: float = Field(default=0.5, description="outside of lanes beyond this, m")
    vehicle_deg: float = Field(
        default=120.0, description="against a lane after a junction, degrees"
    )
    turned_deg: float = Field(default=150.0, description="from lane to lane: the other direction")
    light_m: float = Field(default=15.0, description="lights farther away are not looked at, m")
    stop_m: float = Field(default=4.0, description="stop signs this near hold, m")
    stopped_mps: float = Field(default=0.1, description="one has stopped below this speed, m/s")
    checkpoints: float = Field(default=4.0, description="pieces of the route for the least speed")
    blocked_mps: float = Field(default=0.1, description="blocked below this speed, m/s")
    blocked_s: float = Field(default=180.0, description="blocked after so long, s")
    off_route_m: float = Field(default=30.0, description="farther from the route the drive ends, m")
    unsafe_route_m: float = Field(default=15.0, description="farther away it counts as off, m")
    off_route_percent: float = Field(default=30.0, description="so much off the route ends it, %")
    arrived_m: float = Field(default=10.0, description="arrived this near to the goal, m")
    arrived_percent: float = Field(default=99.0, description="and beyond this part of the route, %")


DEFAULTS = LeaderboardLimits()
