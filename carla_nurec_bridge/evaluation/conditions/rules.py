"""Traffic rules: red lights."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ..scores.leaderboard.limits import LeaderboardLimits
from ..scores.leaderboard.signs import RedLights
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


KINDS = (RedLightRunCondition,)
