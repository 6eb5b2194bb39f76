"""nuPlan's time to collision: everybody goes on as they do, looked at every tenth of a second."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...footprints import Array, Footprints, overlap_m
from ..faults import AHEAD_RAD, BEHIND_RAD
from ..moment import DriveMoment

STEP_S = 0.1
HORIZON_S = 3.0
STOPPED_MPS = 5e-3
_AFTER_S = np.arange(STEP_S, HORIZON_S, STEP_S)


def time_to_collision(
    moment: DriveMoment, collided: set[int], sides_too: bool
) -> tuple[float, int] | None:
    """Return the time in s until the ego would touch somebody, and who; None within 3 s.

    Those ahead count; with ``sides_too`` all that are not behind. Who has ``collided`` before, or
    whose speed nobody knows, is left out, and who is above or below.
    """
    if moment.speed_mps <= STOPPED_MPS or not moment.others.ids:
        return None
    others = moment.others
    bearings = moment.bearings_rad
    seen = (bearings < AHEAD_RAD) | (sides_too & (bearings <= BEHIND_RAD))
    speeds = others.speeds_mps
    half = moment.footprint.halves_m[0]
    reach = others.reach_m + float(np.hypot(half[0], half[1]))
    reach = reach + (speeds + moment.speed_mps) * HORIZON_S
    seen &= moment.level & np.isfinite(speeds) & (moment.apart_m <= reach)
    if collided:
        seen &= np.array([actor not in collided for actor in others.ids])
    which = np.flatnonzero(seen)
    return None if not len(which) else _first_touch(moment, which)


def _first_touch(moment: DriveMoment, which: NDArray[np.int64]) -> tuple[float, int] | None:
    them = moment.others.footprints.chosen(which)
    speeds = moment.others.speeds_mps[which]
    ahead = moment.footprint.axes[0, 0] * moment.speed_mps
    theirs = them.axes[:, 0] * speeds[:, None]
    steps, count = len(_AFTER_S), len(which)
    egos = moment.footprint.centres + _AFTER_S[:, None] * ahead
    centres = them.centres + _AFTER_S[:, None, None] * theirs
    one = Footprints(
        np.repeat(egos, count, axis=0),
        np.repeat(moment.footprint.headings, steps * count),
        (float(moment.footprint.halves_m[0, 0]), float(moment.footprint.halves_m[0, 1])),
    )
    other = Footprints(
        centres.reshape(-1, 2), np.tile(them.headings, steps), np.tile(them.halves_m, (steps, 1))
    )
    touches: Array = overlap_m(one, other).reshape(steps, count)
    hits = np.flatnonzero(touches.max(axis=1) >= 0.0)
    if not len(hits):
        return None
    first = int(hits[0])
    return float(_AFTER_S[first]), moment.others.ids[int(which[touches[first].argmax()])]
