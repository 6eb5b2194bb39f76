"""When something is: the time of the drive, and the steps of the scenario's actors."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .base import Condition, Course, Observed, Watch
from .tick import Tick
from .watched import Watched


class TimeCondition(Condition):
    """The drive has lasted so long."""

    type: Literal["time"]
    at_least_s: float = Field(ge=0, le=3600, description="since the drive began, s")

    def watch(self, course: Course) -> Watch:
        """Begin to watch it."""

        def look(tick: Tick) -> Observed:
            margin = tick.time_s - self.at_least_s
            # A stamp is a whole number of ns; its seconds may miss the wanted ones by an ulp.
            return Observed(margin > -1e-9, f"{tick.time_s:.2f} s had passed", tick.ego.centre)

        return Watched(f"{self.at_least_s:g} s have passed", look)


class StepDoneCondition(Condition):
    """An actor of the scenario has done a step of its script."""

    type: Literal["step"]
    of: str = Field(description="name of the actor")
    step: str = Field("began", description="began, ended, or a step that its kind has")
    ago_s: float = Field(0.0, ge=0, le=3600, description="at least so long ago, s")

    def watch(self, course: Course) -> Watch:
        """Begin to watch it."""
        key = f"{self.of}.{self.step}"

        def look(tick: Tick) -> Observed:
            at_s = tick.done.get(key)
            if at_s is None:
                return Observed(
                    False, f"{self.of} had not done the step {self.step}", tick.ego.centre
                )
            words = f"{self.of} did the step {self.step} at {at_s:.2f} s"
            return Observed(tick.time_s - at_s >= self.ago_s - 1e-9, words, tick.ego.centre)

        return Watched(f"{self.of} has done the step {self.step}", look)


KINDS = (TimeCondition, StepDoneCondition)
