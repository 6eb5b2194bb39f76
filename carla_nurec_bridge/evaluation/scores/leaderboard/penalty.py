"""What infractions take off a route's score: products in 2.0, a sum in 2.1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

Version = Literal["2.0", "2.1"]

COLLISION_PEDESTRIAN = "collisions_pedestrian"
COLLISION_VEHICLE = "collisions_vehicle"
COLLISION_STATIC = "collisions_layout"
RED_LIGHT = "red_light"
STOP = "stop_infraction"
OUTSIDE = "outside_route_lanes"
MIN_SPEED = "min_speed_infractions"
DEVIATION = "route_dev"
BLOCKED = "vehicle_blocked"
TIMEOUT = "route_timeout"

FACTORS: Mapping[str, float] = {
    COLLISION_PEDESTRIAN: 0.50,
    COLLISION_VEHICLE: 0.60,
    COLLISION_STATIC: 0.65,
    RED_LIGHT: 0.70,
    STOP: 0.80,
}
"""2.0: each such infraction multiplies the score."""

COSTS: Mapping[str, float] = {
    COLLISION_PEDESTRIAN: 1.0,
    COLLISION_VEHICLE: 0.70,
    COLLISION_STATIC: 0.60,
    RED_LIGHT: 0.40,
    STOP: 0.25,
}
"""2.1: the score is divided by one plus the sum of these."""

MIN_SPEED_FACTOR = 0.7
MIN_SPEED_COST = 0.4


def penalty(
    version: Version,
    counts: Mapping[str, int],
    slow_percent: Sequence[float] = (),
    outside_percent: float = 0.0,
) -> float:
    """Return the factor, 1 without infractions, by which a route's completion is multiplied.

    ``counts`` are infractions by kind, ``slow_percent`` the speed beside the traffic's at each
    checkpoint that was too slow, ``outside_percent`` the driven share of the route off its lanes.
    """
    outside = 1.0 - outside_percent / 100.0
    if version == "2.0":
        factor = outside
        for kind, worth in FACTORS.items():
            factor *= worth ** counts.get(kind, 0)
        for percent in slow_percent:
            factor *= 1.0 - (1.0 - MIN_SPEED_FACTOR) * (1.0 - percent / 100.0)
        return factor
    cost = sum(worth * counts.get(kind, 0) for kind, worth in COSTS.items())
    cost += sum(MIN_SPEED_COST * (1.0 - percent / 100.0) for percent in slow_percent)
    return outside / (1.0 + cost)
