"""How far a replayed ego was from its recording's linear interpolation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.frames import invert
from ..core.timebase import NS_PER_S
from ..evaluation import State
from ..recorder_log import read_log
from ..recorder_log.trajectories import Track, trajectories

_LATEST_START_TICKS = 60


def replay_error(
    states: tuple[State, ...], log: Path, role_name: str, start_s: float, tick_s: float
) -> dict[str, Any] | None:
    """Return mean and max distance (m) of the ego to the log's linear interpolation.

    The ego's base_link is a constant offset from the recorded actor; it is taken out as the
    median over the run. ``offset_s`` is the recording's time at frame 0, found in whole ticks
    after ``start_s`` as the one with the least mean distance. None when the log has no such actor.
    """
    recorded = trajectories(read_log(log)).values()
    tracks = [t for t in recorded if t.event.attribute("role_name") == role_name]
    if len(tracks) != 1 or not states:
        return None
    track = tracks[0]
    since_s = np.array([s.stamp_ns - states[0].stamp_ns for s in states]) / NS_PER_S
    base = np.stack([s.map_from_base for s in states])
    found = []
    for ticks in range(_LATEST_START_TICKS):
        offset_s = start_s + ticks * tick_s
        distances = _distances(base, track, since_s + offset_s)
        found.append((float(distances.mean()), float(distances.max()), offset_s))
    mean, worst, offset_s = min(found)
    return {"mean": round(mean, 5), "max": round(worst, 5), "offset_s": round(offset_s, 4)}


def _distances(
    base: NDArray[np.float64], track: Track, times_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the distances (N,) of the poses (N, 4, 4) to the track at recording times."""
    recorded = np.stack(
        [np.interp(times_s, track.times_s, track.map_from_actor[:, axis, 3]) for axis in range(3)],
        axis=1,
    )
    base_from_map = invert(base)
    local = np.einsum("nij,nj->ni", base_from_map[:, :3, :3], recorded) + base_from_map[:, :3, 3]
    result: NDArray[np.float64] = np.linalg.norm(local - np.median(local, axis=0), axis=1)
    return result
