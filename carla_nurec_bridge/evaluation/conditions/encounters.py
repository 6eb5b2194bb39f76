"""How two stand to each other: contact, distance, time to collision, headway, relative speed."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from ...world.object_classes import VEHICLES, ObjectClass
from .base import Condition, Course, Observed, Watch
from .tick import EGO_NAME, Mover, Tick
from .watched import Bounds, Watched, absent, named_words, some_bound, two_movers

_SAME_LEVEL_M = 2.5
_NEVER_S = 1e3
"""What stands for a time that never comes, where numbers are compared and written."""


class CollisionCondition(Condition):
    """Somebody touches another: anybody, one of a class, or one by name."""

    type: Literal["collision"]
    of: str = Field(EGO_NAME, description="who: ego, or the name of an actor")
    with_: tuple[str, ...] = Field(
        ("any",),
        alias="with",
        min_length=1,
        description="whom: any, vehicle, a class such as pedestrian, ego, or names of actors",
    )

    def watch(self, course: Course) -> Watch:
        """Begin to watch it."""
        whom = " or ".join("anybody" if w == "any" else named_words(w) for w in self.with_)
        return Watched(f"{named_words(self.of)} touches {whom}", self._look)

    def _look(self, tick: Tick) -> Observed:
        one = tick.mover(self.of)
        if one is None:
            return absent(self.of)
        unknown = [w for w in self.with_ if w not in CLASS_WORDS and tick.mover(w) is None]
        if len(unknown) == len(self.with_):
            return absent(unknown[0])
        hit = next((o for o in _touching(tick, one) if self._means(o)), None)
        if hit is None:
            return Observed(False, f"{one.words} touched nobody of them", one.centre)
        closing = float(np.hypot(*(one.velocity - hit.velocity)))
        words = f"{one.words} touched {hit.words} at {one.speed_mps:.1f} m/s"
        figures = {"speed_mps": one.speed_mps, "closing_mps": closing}
        return Observed(True, words, one.centre, (*one.ids, *hit.ids), figures)

    def _means(self, other: Mover) -> bool:
        kinds = {"any", other.name, other.object_class.value}
        kinds |= {"vehicle"} if other.object_class in VEHICLES else set()
        return not kinds.isdisjoint(self.with_)


def _touching(tick: Tick, one: Mover) -> list[Mover]:
    if one is tick.ego:
        return [tick.others[i] for i in tick.moment.touching]
    return [
        other
        for other in tick.movers
        if other is not one
        and abs(other.centre[2] - one.centre[2]) < _SAME_LEVEL_M
        and other.gap_m(one) == 0.0
    ]


class DistanceCondition(Condition):
    """How far two are apart, footprint to footprint."""

    type: Literal["distance"]
    of: str = Field(EGO_NAME, description="who: ego, or the name of an actor")
    to: str = Field(description="the other one: ego, or the name of an actor")
    above_m: float | None = Field(None, ge=0, le=1e5, description="farther than this, m")
    below_m: float | None = Field(None, gt=0, le=1e5, description="nearer than this, m")

    @model_validator(mode="after")
    def _bounded(self) -> DistanceCondition:
        some_bound(self, "above_m", "below_m")
        return self

    def watch(self, course: Course) -> Watch:
        """Begin to watch it."""
        bounds = Bounds(self.above_m, self.below_m, "m")

        def look(_tick: Tick, one: Mover, other: Mover) -> Observed:
            away_m = one.gap_m(other)
            margin = bounds.margin(away_m)
            words = f"{one.words} was {away_m:.1f} m from {other.words}"
            ids = (*one.ids, *other.ids)
            return Observed(margin > 0.0, words, one.centre, ids, {"distance_m": away_m}, margin)

        claim = (
            f"the distance of {named_words(self.of)} to {named_words(self.to)} is {bounds.words}"
        )
        return Watched(claim, two_movers(self.of, self.to, look))


class TimeToCollisionCondition(Condition):
    """Two touch within a time if neither turns nor changes its speed."""

    type: Literal["time_to_collision"]
    of: str = Field(EGO_NAME, description="who: ego, or the name of an actor")
    to: str = Field(description="the other one: ego, or the name of an actor")
    below_s: float = Field(gt=0, le=100, description="sooner than this, s")

    def watch(self, course: Course) -> Watch:
        """Begin to watch it."""

        def look(_tick: Tick, one: Mover, other: Mover) -> Observed:
            left_s = min(one.time_to_touch_s(other), _NEVER_S)
            words = f"{one.words} would have touched {other.words} in {left_s:.2f} s"
            if left_s == _NEVER_S:
                words = f"{one.words} would not have touched {other.words}"
            margin = self.below_s - left_s
            figures = {"time_to_collision_s": left_s, "speed_mps": one.speed_mps}
            ids = (*one.ids, *other.ids)
            return Observed(margin > 0.0, words, one.centre, ids, figures, margin)

        one, other = named_words(self.of), named_words(self.to)
        claim = f"the time until {one} touches {other} is below {self.below_s:g} s"
        return Watched(claim, two_movers(self.of, self.to, look))


class HeadwayCondition(Condition):
    """The gap to another one ahead by one's own speed."""

    type: Literal["headway"]
    of: str = Field(EGO_NAME, description="who: ego, or the name of an actor")
    to: str = Field(description="the one ahead: ego, or the name of an actor")
    below_s: float = Field(gt=0, le=100, description="shorter than this, s")

    def watch(self, course: Course) -> Watch:
        """Begin to watch it."""

        def look(_tick: Tick, one: Mover, other: Mover) -> Observed:
            gap_s = min(one.gap_m(other) / max(one.speed_mps, 1e-3), _NEVER_S)
            words = f"{one.words} was {gap_s:.2f} s behind {other.words}"
            margin = self.below_s - gap_s
            ids = (*one.ids, *other.ids)
            return Observed(margin > 0.0, words, one.centre, ids, {"headway_s": gap_s}, margin)

        one, other = named_words(self.of), named_words(self.to)
        claim = f"the headway of {one} to {other} is below {self.below_s:g} s"
        return Watched(claim, two_movers(self.of, self.to, look))


class RelativeSpeedCondition(Condition):
    """How much faster somebody is than another."""

    type: Literal["relative_speed"]
    of: str = Field(EGO_NAME, description="who: ego, or the name of an actor")
    to: str = Field(description="the other one: ego, or the name of an actor")
    above_mps: float | None = Field(None, ge=-200, le=200, description="more than this, m/s")
    below_mps: float | None = Field(None, ge=-200, le=200, description="less than this, m/s")

    @model_validator(mode="after")
    def _bounded(self) -> RelativeSpeedCondition:
        some_bound(self, "above_mps", "below_mps")
        return self

    def watch(self, course: Course) -> Watch:
        """Begin to watch it."""
        bounds = Bounds(self.above_mps, self.below_mps, "m/s")

        def look(_tick: Tick, one: Mover, other: Mover) -> Observed:
            faster = one.speed_mps - other.speed_mps
            margin = bounds.margin(faster)
            words = f"{one.words} was {faster:.1f} m/s faster than {other.words}"
            ids = (*one.ids, *other.ids)
            return Observed(margin > 0.0, words, one.centre, ids, {"faster_mps": faster}, margin)

        one, other = named_words(self.of), named_words(self.to)
        claim = f"how much faster {one} is than {other} is {bounds.words}"
        return Watched(claim, two_movers(self.of, self.to, look))


CLASS_WORDS = frozenset({"any", "vehicle", *(kind.value for kind in ObjectClass)})
"""Words of ``with`` that name nobody in particular."""

KINDS = (
    CollisionCondition,
    DistanceCondition,
    TimeToCollisionCondition,
    HeadwayCondition,
    RelativeSpeedCondition,
)
