"""A car passes and cuts in."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ....carla_client.driving.paths import left_of, shifted
from ...ranges import Range, drawn
from .base import Adversary, AdversaryHandles, Steps

_PULLS_OUT_OVER_M = 20.0


class CutIn(Adversary):
    """A car comes from behind, passes the ego on the left, and cuts in before it.

    Steps: pulls_out, cuts_in, is_in.
    """

    type: Literal["cut_in"]
    behind_m: Range = Field((14.0, 18.0), description="free way between it and the ego at first, m")
    follows_mps: Range = Field((7.0, 8.0), description="its speed until it pulls out, m/s")
    speed_mps: Range = Field((12.0, 13.0), description="its speed while it passes, m/s")
    gap_m: Range = Field((4.0, 6.0), description="free way before the ego when it cuts in, m")
    over_m: Range = Field((14.0, 18.0), description="how long its way into the lane is, m")
    then_mps: Range = Field((5.0, 6.0), description="its speed once it is in, m/s")

    def play(self, around: AdversaryHandles) -> Steps:
        """Return the steps of its script."""
        rng, path = around.rng, around.path
        behind_m, follows_mps = drawn(self.behind_m, rng), drawn(self.follows_mps, rng)
        speed_mps, then_mps = drawn(self.speed_mps, rng), drawn(self.then_mps, rng)
        gap_m, over_m = drawn(self.gap_m, rng), drawn(self.over_m, rng)
        at_m = around.ego_along_m - behind_m - around.ego_length_m
        car = around.vehicle(self.name, self.blueprint, path, at_m, follows_mps)
        pulls_out = around.holds(self.trigger)
        yield
        while not pulls_out():
            car.follow(follows_mps, around.obstacles(car))
            yield
        around.done("pulls_out")
        left_m = around.left_lane_m(round(car.along_m))
        car.change_path(shifted(path, car.along_m, _PULLS_OUT_OVER_M, left_m))
        apart_m = gap_m + 0.5 * (car.length_m + around.ego_length_m)
        while car.along_m - around.ego_along_m < apart_m:
            car.follow(speed_mps)
            yield
        around.done("cuts_in")
        here_m = car.along_m
        beside = path + left_m * left_of(path)
        car.change_path(shifted(beside, here_m, over_m, -left_m))
        while car.along_m < here_m + over_m:
            car.follow(speed_mps)
            yield
        around.done("is_in")
        while True:
            car.follow(then_mps, around.obstacles(car))
            yield


KIND = CutIn
