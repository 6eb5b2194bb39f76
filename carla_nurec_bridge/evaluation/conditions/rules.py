"""Traffic rules: red lights and stop signs."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ..scores.context import ScoreContext
from ..scores.leaderboard.limits import LeaderboardLimits
from ..scores.leaderboard.signs import RedLights, StopSigns
from .base import Condition, Course, Observed, Watch
from .tick import Tick


class RedLightRunCondition(Condition):
    """The ego runs a red light, by the rule of CARLA's Leaderboard: its tail passes the line."""

    type: Literal["red_light"]

    def watch(self, course: Course) -> Watch:
        """Begin to watch it."""
        return _Lights()


class _Lights:
    claim = "the ego runs a red light"

    def __init__(self) -> None:
        self._lights = RedLights(LeaderboardLimits())

    def look(self, tick: Tick) -> Observed:
        run = self._lights.update(tick.moment)
        if not run:
            return Observed(False, "the ego ran no red light", tick.ego.centre)
        words = f"the ego passed a stop line at red with {tick.ego.speed_mps:.1f} m/s"
        figures = {"speed_mps": tick.ego.speed_mps}
        return Observed(True, words, np.array(run[0].place_m), (), figures)


class StopSignRunCondition(Condition):
    """The ego runs a stop sign, by the rule of CARLA's Leaderboard: it did not stand before it."""

    type: Literal["stop_sign"]

    def watch(self, course: Course) -> Watch:
        """Begin to watch it; without a map there are no signs."""
        return _Signs(course)


class _Signs:
    claim = "the ego runs a stop sign"

    def __init__(self, course: Course) -> None:
        self._signs = StopSigns(ScoreContext(course.opendrive).stop_signs, LeaderboardLimits())

    def look(self, tick: Tick) -> Observed:
        run = self._signs.update(tick.moment)
        if not run:
            return Observed(False, "the ego ran no stop sign", tick.ego.centre)
        words = f"the ego left a stop sign with {tick.ego.speed_mps:.1f} m/s and had not stood"
        figures = {"speed_mps": tick.ego.speed_mps}
        return Observed(True, words, np.array(run[0].place_m), (), figures)


KINDS = (RedLightRunCondition, StopSignRunCondition)
