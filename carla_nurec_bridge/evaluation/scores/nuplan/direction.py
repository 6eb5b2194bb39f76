"""How far a drive goes against the traffic of its lane within a second."""

from __future__ import annotations

from collections import deque

import numpy as np

from ..moment import DriveMoment

HORIZON_S = 1.0
_SAME_S = 1e-6


class Direction:
    """Metres against the lane's direction in the last second; a new lane begins at nothing."""

    def __init__(self) -> None:
        self._steps: deque[tuple[float, float]] = deque()
        self._lane: int | None = None
        self._last: DriveMoment | None = None
        self.against_m = 0.0
        self.most_m = 0.0

    def update(self, moment: DriveMoment) -> None:
        """Look at the next tick."""
        step_m = 0.0
        spots = moment.lanes[4]
        if spots:
            mine = next((spot for spot in spots if spot.lane == self._lane), None)
            if mine is None:
                # The tick after a change of lanes makes no progress either, as in the source.
                self._lane, self._last = spots[0].lane, None
            else:
                if self._last is not None:
                    away = (moment.centre - self._last.centre)[:2]
                    ahead = np.array([np.cos(mine.heading_rad), np.sin(mine.heading_rad)])
                    step_m = float(away @ ahead)
                self._last = moment
        self._steps.append((moment.time_s, step_m))
        while self._steps[0][0] < moment.time_s - HORIZON_S - _SAME_S:
            self._steps.popleft()
        self.against_m = max(0.0, -sum(step for _, step in self._steps))
        self.most_m = max(self.most_m, self.against_m)
