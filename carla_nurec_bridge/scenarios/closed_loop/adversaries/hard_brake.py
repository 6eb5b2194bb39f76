"""The car ahead brakes hard."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ...ranges import Range, drawn
from .base import Adversary, AdversaryHandles, Steps

_STANDS_MPS = 0.1


class HardBrake(Adversary):
    """A car drives ahead of the ego, brakes hard, stands, and drives on.

    Steps: braking, stands, drives_on.
    """

    type: Literal["hard_brake"]
    gap_m: Range = Field((15.0, 20.0), description="free way between the ego and it at first, m")
    speed_mps: Range = Field((7.0, 9.0), description="its speed, m/s")
    pedal: Range = Field((0.8, 1.0), description="how hard it brakes, 0 to 1")
    stands_s: Range = Field((2.0, 2.0), description="how long it stands, s")

    def play(self, around: AdversaryHandles) -> Steps:
        """Return the steps of its script."""
        rng = around.rng
        speed_mps, pedal = drawn(self.speed_mps, rng), drawn(self.pedal, rng)
        stands_s, gap_m = drawn(self.stands_s, rng), drawn(self.gap_m, rng)
        at_m = around.ego_along_m + gap_m + around.ego_length_m
        car = around.vehicle(self.name, self.blueprint, around.path, at_m, speed_mps)
        brakes = around.holds(self.trigger)
        yield
        while not brakes():
            car.follow(speed_mps)
            yield
        around.done("braking")
        stood_s = 0.0
        while stood_s < stands_s:
            car.brake(pedal)
            if car.speed_mps < _STANDS_MPS:
                if stood_s == 0.0:
                    around.done("stands")
                stood_s += around.dt_s
            yield
        around.done("drives_on")
        while True:
            car.follow(speed_mps, around.obstacles(car))
            yield


KIND = HardBrake
