"""Which lane somebody is on, and whether it has left its lane or the road."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from ...core.errors import InputError
from ..lane_cover import LaneCover, LaneSpot
from .base import Condition, Course, Observed, Watch
from .tick import EGO_NAME, Mover, Tick
from .watched import Watched, absent, named_words, one_mover


def _cover(course: Course, kind: str) -> LaneCover:
    if course.cover is None:
        raise InputError(f"the condition {kind} needs a map")
    return course.cover


def _under(cover: LaneCover, mover: Mover) -> tuple[LaneSpot, ...]:
    """Return the driving lanes below the middle of somebody."""
    middle = mover.centre.copy()
    middle[2] -= 0.5 * mover.box.size_m[2]
    return cover.over(middle[None])[0]


class InLaneCondition(Condition):
    """The middle of somebody is on a lane."""

    type: Literal["in_lane"]
    of: str = Field(EGO_NAME, description="who: ego, or the name of an actor")
    road: str = Field(description="OpenDRIVE's id of the road")
    lane: int = Field(description="OpenDRIVE's id of the lane")

    def watch(self, course: Course) -> Watch:
        """Begin to watch it; InputError without a map."""
        cover, wanted = _cover(course, self.type), f"{self.road}.{self.lane}"

        def look(_tick: Tick, mover: Mover) -> Observed:
            names = [spot.name for spot in _under(cover, mover)]
            where = f"lane {' and '.join(names)}" if names else "no driving lane"
            words = f"{mover.words} was on {where}"
            return Observed(wanted in names, words, mover.centre, mover.ids)

        return Watched(f"{named_words(self.of)} is on lane {wanted}", one_mover(self.of, look))


class LaneLeftCondition(Condition):
    """The middle of somebody leaves the lane that it follows, for another one or for none.

    Lanes that follow each other are one, so a turn at a junction leaves none.
    """

    type: Literal["lane_left"]
    of: str = Field(EGO_NAME, description="who: ego, or the name of an actor")

    def watch(self, course: Course) -> Watch:
        """Begin to watch it; InputError without a map."""
        return _Leaving(_cover(course, self.type), self.of)


class _Leaving:
    def __init__(self, cover: LaneCover, of: str) -> None:
        self._cover, self._of = cover, of
        self._lanes: tuple[LaneSpot, ...] = ()
        self.claim = f"{named_words(of)} leaves its lane"

    def look(self, tick: Tick) -> Observed:
        mover = tick.mover(self._of)
        if mover is None:
            return absent(self._of)
        here = _under(self._cover, mover)
        kept = tuple(
            spot
            for spot in here
            if not self._lanes or any(self._cover.connected(spot.lane, x.lane) for x in self._lanes)
        )
        if kept or not self._lanes:
            self._lanes = kept or here
            return Observed(False, f"{mover.words} kept its lane", mover.centre, mover.ids)
        gone = f"for lane {here[0].name}" if here else "for no driving lane"
        words = f"{mover.words} left lane {self._lanes[0].name} {gone}"
        return Observed(True, words, mover.centre, mover.ids, {"speed_mps": mover.speed_mps})


class OffRoadCondition(Condition):
    """A corner of somebody is off the carriageway."""

    type: Literal["off_road"]
    of: str = Field(EGO_NAME, description="who: ego, or the name of an actor")
    by_m: float = Field(0.0, ge=0, le=100, description="by more than this, m")
    for_s: float = Field(0.0, ge=0, le=3600, description="for at least so long, s")

    def watch(self, course: Course) -> Watch:
        """Begin to watch it; InputError without a map."""
        return _Outside(_cover(course, self.type), self)


class _Outside:
    def __init__(self, cover: LaneCover, wanted: OffRoadCondition) -> None:
        self._cover, self._wanted = cover, wanted
        self._since_s: float | None = None
        self.claim = f"{named_words(wanted.of)} is off the road by more than {wanted.by_m:g} m"

    def look(self, tick: Tick) -> Observed:
        mover = tick.mover(self._wanted.of)
        if mover is None:
            return absent(self._wanted.of)
        ground_m = mover.centre[2] - 0.5 * mover.box.size_m[2]
        corners = np.c_[mover.footprint.corners[0], np.full(4, ground_m)]
        out_m = float(self._cover.outside_m(corners, "carriageway").max())
        margin = out_m - self._wanted.by_m
        if margin <= 0.0:
            self._since_s = None
        elif self._since_s is None:
            self._since_s = tick.time_s
        lasts = self._since_s is not None and tick.time_s - self._since_s >= self._wanted.for_s
        words = f"{mover.words} was {out_m:.2f} m off the road"
        figures = {"outside_m": out_m, "speed_mps": mover.speed_mps}
        return Observed(lasts, words, mover.centre, mover.ids, figures, margin)


class EndOfRoadCondition(Condition):
    """Somebody is where no driving lane is any more."""

    type: Literal["end_of_road"]
    of: str = Field(EGO_NAME, description="who: ego, or the name of an actor")

    def watch(self, course: Course) -> Watch:
        """Begin to watch it; InputError without a map."""
        cover = _cover(course, self.type)

        def look(_tick: Tick, mover: Mover) -> Observed:
            over = not _under(cover, mover)
            words = f"{mover.words} was on {'no' if over else 'a'} driving lane"
            return Observed(over, words, mover.centre, mover.ids)

        claim = f"{named_words(self.of)} is on no driving lane"
        return Watched(claim, one_mover(self.of, look))


KINDS = (InLaneCondition, LaneLeftCondition, OffRoadCondition, EndOfRoadCondition)
