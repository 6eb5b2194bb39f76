"""NAVSIM's time to collision: the ego goes straight on, the others where they really went."""

from __future__ import annotations

from collections import deque

import numpy as np

from ...footprints import Footprints, overlap_m
from ..faults import AHEAD_RAD, BEHIND_RAD, in_one_lane
from ..moment import DriveMoment

AHEAD_SAMPLES = (0, 3, 6, 9)
"""Samples of 0.1 s after the tick that is judged."""
_SAMPLE_S = 0.1


class TimeToCollision:
    """Judges each sample when the world 0.9 s later is known."""

    def __init__(self, stopped_mps: float) -> None:
        self._stopped_mps = stopped_mps
        self._samples: deque[DriveMoment] = deque(maxlen=AHEAD_SAMPLES[-1] + 1)
        self._ignored: set[int] = set()

    def update(self, moment: DriveMoment) -> list[tuple[DriveMoment, int]]:
        """Look at the next sample; return who would be hit, and when that was to be feared."""
        if not self._samples:
            self._ignored |= {moment.others.ids[i] for i in moment.touching}
        self._samples.append(moment)
        if len(self._samples) <= AHEAD_SAMPLES[-1]:
            return []
        now = self._samples[0]
        if now.speed_mps < self._stopped_mps:
            return []
        aside = now.in_junction or not in_one_lane(now)
        found = []
        for later in AHEAD_SAMPLES:
            for actor, bearing in self._met(now, self._samples[later], later * _SAMPLE_S):
                if bearing < AHEAD_RAD or (aside and bearing <= BEHIND_RAD):
                    found.append((now, actor))
                else:
                    self._ignored.add(actor)
        return found

    def _met(self, now: DriveMoment, then: DriveMoment, seconds: float) -> list[tuple[int, float]]:
        """Return whom the ego of one sample would touch at another, and at what bearing."""
        ahead = now.footprint.axes[0, 0] * now.speed_mps * seconds
        half = now.footprint.halves_m[0]
        ego = Footprints(
            now.footprint.centres + ahead,
            now.footprint.headings,
            (float(half[0]), float(half[1])),
        )
        others = then.others
        away = others.footprints.centres - ego.centres
        reach = others.reach_m + float(np.hypot(half[0], half[1]))
        near = np.flatnonzero(then.level & (np.hypot(away[:, 0], away[:, 1]) <= reach))
        if not len(near):
            return []
        egos = ego.chosen(np.zeros(len(near), np.int64))
        hits = near[overlap_m(egos, others.footprints.chosen(near)) >= 0.0]
        from_axle = others.footprints.centres - now.rear_axle[:2]
        forward = now.footprint.axes[0, 0]
        found = []
        for i in hits.tolist():
            if others.ids[i] not in self._ignored:
                along = float(from_axle[i] @ forward) / max(float(np.hypot(*from_axle[i])), 1e-9)
                found.append((others.ids[i], float(np.arccos(np.clip(along, -1.0, 1.0)))))
        return found
