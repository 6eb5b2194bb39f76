"""The recorded-trajectory follower: the ego does again what a recorded one did."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError
from ..core.run_contract.timebase import NS_PER_S
from ..world.states import WorldState
from ..world.timed_path import TimedPath
from ..world.vehicle_info import VehicleInfo
from .agent import DriveTarget
from .corridor import Corridor
from .tracking import PlanTracker

By = Literal["time", "place"]

_APART_M = 0.2
_SLOWEST_MPS = 1.0
_REACH_M = 60.0
_PAUSES_MPS = 0.1


class RecordedAgent:
    """Follows a recorded path; after its end the ego brakes to a stand.

    By time it is to be where the recorded ego was so long after the start. By place it goes as fast
    as that went here, however late it is: pauses are left out, so nobody waits at a light that is
    green today, and 1 m/s is the least.

    * path: where base_link was in the map; its stamps are those of the run, by time.
    """

    def __init__(self, path: TimedPath, by: By, vehicle: VehicleInfo, dt_s: float) -> None:
        self._way = _Way(path) if by == "place" else None
        self._tracker = PlanTracker(vehicle, dt_s)
        self._tracker.take(path if self._way is None else self._way.path)

    def step(self, world: WorldState) -> DriveTarget:
        """Return what to do at this moment."""
        pose = world.ego.map_from_base
        stamp_ns = world.stamp_ns if self._way is None else self._way.reached_ns(pose[:2, 3])
        return self._tracker.step(stamp_ns, pose, world.ego.speed_mps).target


class _Way:
    """A path without its pauses, and how far along it the ego is: never back."""

    def __init__(self, recorded: TimedPath) -> None:
        places = recorded.map_from_base[:, :2, 3]
        kept = [0]
        for index in range(1, len(places)):
            if np.linalg.norm(places[index] - places[kept[-1]]) >= _APART_M:
                kept.append(index)
        if len(kept) < 2:
            raise InputError("the recorded ego stood all the time: there is no place to follow")
        steps_m = np.linalg.norm(np.diff(places[kept], axis=0), axis=1)
        moving_s = _moving_s(recorded)[kept]
        steps_s = np.clip(np.diff(moving_s), 1e-3, steps_m / _SLOWEST_MPS)
        times_s = np.concatenate([[0.0], np.cumsum(steps_s)])
        self._along_m = np.concatenate([[0.0], np.cumsum(steps_m)])
        self._stamps_ns = np.round(times_s * NS_PER_S).astype(np.int64)
        self._corridor = Corridor(places[kept])
        self._here_m = 0.0
        self.path = TimedPath(self._stamps_ns, recorded.map_from_base[kept])

    def reached_ns(self, xy: NDArray[np.float64]) -> int:
        """Return the path's own stamp of the place that is nearest."""
        along_m, _ = self._corridor.places(xy[None], self._here_m, _REACH_M)
        self._here_m = max(self._here_m, float(along_m[0]))
        return round(float(np.interp(self._here_m, self._along_m, self._stamps_ns)))


def _moving_s(recorded: TimedPath) -> NDArray[np.float64]:
    """Return how long the recorded ego has moved until each pose (N,)."""
    steps_s = np.diff(recorded.stamps_ns) / NS_PER_S
    steps_m = np.linalg.norm(np.diff(recorded.map_from_base[:, :2, 3], axis=0), axis=1)
    return np.concatenate([[0.0], np.cumsum(steps_s * (steps_m > _PAUSES_MPS * steps_s))])
