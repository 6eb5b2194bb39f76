"""A car stands on the lane."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ....carla_client.driving.paths import left_of
from ...ranges import Range, drawn
from .base import Adversary, AdversaryHandles, Steps


class ParkedCar(Adversary):
    """A car stands on the ego's lane or beside it; on its trigger it drives off.

    Steps: drives_off.
    """

    type: Literal["parked_car"]
    at_m: Range = Field((45.0, 50.0), description="where on the ego's route it stands, m")
    left_m: Range = Field(
        (0.0, 0.0), description="how far left of the lane's middle, m; negative: right"
    )
    hazard_lights: bool = Field(True, description="whether its hazard lights are on")
    then_mps: Range = Field((6.0, 8.0), description="its speed once it drives off, m/s")

    def play(self, around: AdversaryHandles) -> Steps:
        """Return the steps of its script."""
        rng, path = around.rng, around.path
        at_m, left_m = drawn(self.at_m, rng), drawn(self.left_m, rng)
        then_mps = drawn(self.then_mps, rng)
        own = path + left_m * left_of(path)
        car = around.vehicle(self.name, self.blueprint, own, around.index_at(at_m), 0.0)
        if self.hazard_lights:
            car.show_hazard_lights()
        goes = around.holds(self.trigger)
        yield
        while not goes():
            car.brake(1.0)
            yield
        around.done("drives_off")
        while True:
            car.follow(then_mps, around.obstacles(car))
            yield


KIND = ParkedCar
