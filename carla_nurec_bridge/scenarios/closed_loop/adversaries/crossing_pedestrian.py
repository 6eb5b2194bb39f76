"""Somebody crosses the road before the ego."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

from ....carla_client.driving.paths import heading_at, left_of
from ...ranges import Range, drawn
from .base import Adversary, AdversaryHandles, Steps


class CrossingPedestrian(Adversary):
    """A walker crosses the road before the ego, or stops on it.

    Steps: walks, crossed.
    """

    type: Literal["crossing_pedestrian"]
    at_m: Range = Field((40.0, 45.0), description="where on the ego's route it crosses, m")
    side: Literal["left", "right"] = Field("right", description="where it comes from")
    outside_m: Range = Field((1.0, 1.5), description="where it starts, m outside the road's edge")
    speed_mps: Range = Field((1.4, 1.8), description="its speed, m/s")
    stops_m: float | None = Field(
        None, ge=0, le=50, description="it stops after so long a way for good, m; empty: it crosses"
    )

    def play(self, around: AdversaryHandles) -> Steps:
        """Return the steps of its script."""
        rng, path = around.rng, around.path
        at_m, outside_m = drawn(self.at_m, rng), drawn(self.outside_m, rng)
        speed_mps = drawn(self.speed_mps, rng)
        index = around.index_at(at_m)
        right_m, left_m = around.edges_m(index)
        # Along the vector to the left, from the right: +1; the other way round: -1.
        sign = 1.0 if self.side == "right" else -1.0
        near_m, far_m = (right_m, left_m) if self.side == "right" else (left_m, right_m)
        start = path[index] - sign * (near_m + outside_m) * left_of(path)[index]
        heading_rad = heading_at(path, index) + sign * 0.5 * math.pi
        walker = around.walker(self.name, self.blueprint, start, heading_rad)
        walks = around.holds(self.trigger)
        yield
        while not walks():
            walker.stand()
            yield
        around.done("walks")
        way_m = near_m + far_m + 2.0 * outside_m if self.stops_m is None else self.stops_m
        for _ in range(math.ceil(way_m / (speed_mps * around.dt_s))):
            walker.walk(heading_rad, speed_mps)
            yield
        around.done("crossed")
        while True:
            walker.stand()
            yield


KIND = CrossingPedestrian
