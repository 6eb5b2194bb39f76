"""How somebody moves: speed, braking, standing, the way driven."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from .base import Array, Condition, Course, Observed, Watch
from .tick import EGO_NAME, Mover, Tick
from .watched import Bounds, Watched, absent, named_words, one_mover, some_bound

STANDING_MPS = 0.1
"""Below this one stands."""


class SpeedCondition(Condition):
    """The speed of somebody is above, below, or between."""

    type: Literal["speed"]
    of: str = Field(EGO_NAME, description="whose: ego, or the name of an actor")
    above_mps: float | None = Field(None, ge=0, le=200, description="more than this, m/s")
    below_mps: float | None = Field(None, gt=0, le=200, description="less than this, m/s")

    @model_validator(mode="after")
    def _bounded(self) -> SpeedCondition:
        some_bound(self, "above_mps", "below_mps")
        return self

    def watch(self, course: Course) -> Watch:
        """Begin to watch it."""
        bounds = Bounds(self.above_mps, self.below_mps, "m/s")

        def look(_tick: Tick, mover: Mover) -> Observed:
            margin = bounds.margin(mover.speed_mps)
            words = f"{mover.words} drove {mover.speed_mps:.1f} m/s"
            figures = {"speed_mps": mover.speed_mps}
            return Observed(margin > 0.0, words, mover.centre, mover.ids, figures, margin)

        return Watched(
            f"the speed of {named_words(self.of)} is {bounds.words}", one_mover(self.of, look)
        )


class DecelerationCondition(Condition):
    """Somebody brakes harder than a deceleration."""

    type: Literal["deceleration"]
    of: str = Field(EGO_NAME, description="who: ego, or the name of an actor")
    above_mps2: float = Field(gt=0, le=100, description="more than this, m/s²")

    def watch(self, course: Course) -> Watch:
        """Begin to watch it."""

        def look(_tick: Tick, mover: Mover) -> Observed:
            brakes = -mover.forward_mps2
            margin = brakes - self.above_mps2
            words = f"{mover.words} braked at {max(brakes, 0.0):.1f} m/s²"
            figures = {"deceleration_mps2": brakes, "speed_mps": mover.speed_mps}
            return Observed(margin > 0.0, words, mover.centre, mover.ids, figures, margin)

        claim = f"{named_words(self.of)} brakes at more than {self.above_mps2:g} m/s²"
        return Watched(claim, one_mover(self.of, look))


class AccelerationCondition(Condition):
    """The acceleration of somebody along its heading is above or below; braking is negative."""

    type: Literal["acceleration"]
    of: str = Field(EGO_NAME, description="whose: ego, or the name of an actor")
    above_mps2: float | None = Field(None, ge=-100, le=100, description="more than this, m/s²")
    below_mps2: float | None = Field(None, ge=-100, le=100, description="less than this, m/s²")

    @model_validator(mode="after")
    def _bounded(self) -> AccelerationCondition:
        some_bound(self, "above_mps2", "below_mps2")
        return self

    def watch(self, course: Course) -> Watch:
        """Begin to watch it."""
        bounds = Bounds(self.above_mps2, self.below_mps2, "m/s²")

        def look(_tick: Tick, mover: Mover) -> Observed:
            value = mover.forward_mps2
            margin = bounds.margin(value)
            words = f"{mover.words} accelerated by {value:.1f} m/s²"
            figures = {"acceleration_mps2": value}
            return Observed(margin > 0.0, words, mover.centre, mover.ids, figures, margin)

        claim = f"the acceleration of {named_words(self.of)} is {bounds.words}"
        return Watched(claim, one_mover(self.of, look))


class StandstillCondition(Condition):
    """Somebody has stood for a while."""

    type: Literal["standstill"]
    of: str = Field(EGO_NAME, description="who: ego, or the name of an actor")
    for_s: float = Field(0.0, ge=0, le=3600, description="for at least so long, s")

    def watch(self, course: Course) -> Watch:
        """Begin to watch it."""
        return _Standing(self)


class _Standing:
    def __init__(self, wanted: StandstillCondition) -> None:
        self._wanted = wanted
        self._since_s: float | None = None
        span = f" for {wanted.for_s:g} s" if wanted.for_s else ""
        self.claim = f"{named_words(wanted.of)} stands{span}"

    def look(self, tick: Tick) -> Observed:
        mover = tick.mover(self._wanted.of)
        if mover is None:
            return absent(self._wanted.of)
        if mover.speed_mps >= STANDING_MPS:
            self._since_s = None
        elif self._since_s is None:
            self._since_s = tick.time_s
        stood_s = 0.0 if self._since_s is None else tick.time_s - self._since_s
        stands = self._since_s is not None
        words = f"{mover.words} had stood for {stood_s:.1f} s"
        if not stands:
            words = f"{mover.words} drove {mover.speed_mps:.1f} m/s"
        margin = stood_s - self._wanted.for_s if stands else -mover.speed_mps - self._wanted.for_s
        holds = stands and margin >= -1e-9
        figures = {"stood_s": stood_s, "speed_mps": mover.speed_mps}
        return Observed(holds, words, mover.centre, mover.ids, figures, margin)


class TravelledCondition(Condition):
    """Somebody has come a way since the drive began."""

    type: Literal["travelled"]
    of: str = Field(EGO_NAME, description="who: ego, or the name of an actor")
    at_least_m: float = Field(gt=0, le=1e6, description="at least so far, m")

    def watch(self, course: Course) -> Watch:
        """Begin to watch it."""
        return _Distance(self)


class _Distance:
    def __init__(self, wanted: TravelledCondition) -> None:
        self._wanted = wanted
        self._last: Array | None = None
        self._come_m = 0.0
        self.claim = f"{named_words(wanted.of)} comes at least {wanted.at_least_m:g} m"

    def look(self, tick: Tick) -> Observed:
        mover = tick.mover(self._wanted.of)
        if mover is None:
            return absent(self._wanted.of)
        if self._last is not None:
            self._come_m += float(np.linalg.norm(mover.centre[:2] - self._last[:2]))
        self._last = mover.centre.copy()
        margin = self._come_m - self._wanted.at_least_m
        words = f"{mover.words} had come {self._come_m:.1f} m"
        figures = {"travelled_m": self._come_m}
        return Observed(margin >= 0.0, words, mover.centre, mover.ids, figures, margin)


KINDS = (
    SpeedCondition,
    DecelerationCondition,
    AccelerationCondition,
    StandstillCondition,
    TravelledCondition,
)
