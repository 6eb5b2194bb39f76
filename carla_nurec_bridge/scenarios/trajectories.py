"""The ways of a recording's road users with their lanes: what the detectors look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..carla_client.driving.lanes import LaneAt, Lanes
from ..recorder_log import Log
from ..recorder_log.layouts import ActorKind
from ..recorder_log.records import EventAdd
from ..recorder_log.trajectories import trajectories
from ..scene.build.road_user_classes import box_of
from .events import EventParticipant, Point

_EVERY = 2
_SMOOTHED_OVER = 5
_JOINED_WITHIN_S = 0.5


@dataclass(frozen=True)
class LaneTrajectory:
    """One vehicle or walker over time: ``times_s`` (N,), map poses (N, 4, 4), speeds (N,).

    ``lanes`` (N) are the driving lanes it was on; they are looked up at every second frame.
    """

    event: EventAdd
    size_m: tuple[float, float, float]
    times_s: NDArray[np.float64] = field(repr=False)
    poses: NDArray[np.float64] = field(repr=False)
    speeds_mps: NDArray[np.float64] = field(repr=False)
    lanes: Sequence[LaneAt | None] = field(repr=False)

    @property
    def is_walker(self) -> bool:
        """Whether this is a walker."""
        return self.event.kind == ActorKind.WALKER

    @property
    def positions(self) -> NDArray[np.float64]:
        """The positions (N, 3) in the map, metres."""
        return np.asarray(self.poses[:, :3, 3])

    @property
    def headings(self) -> NDArray[np.float64]:
        """The headings (N,) in the map, radians."""
        return np.asarray(np.arctan2(self.poses[:, 1, 0], self.poses[:, 0, 0]))

    @property
    def words(self) -> str:
        """Return what to call it in a sentence."""
        role = self.event.attribute("role_name")
        kind = self.event.blueprint.split(".", 1)[-1]
        return f"{role} ({kind})" if role else f"{kind} {self.event.actor_id}"

    def index_at(self, time_s: float) -> int:
        """Return the index of the frame at a time, the nearest one of its life."""
        return int(np.argmin(np.abs(self.times_s - time_s)))

    def participant(self, start_s: float, end_s: float) -> EventParticipant:
        """Return this road user as part of an event."""
        return EventParticipant(
            self.event.actor_id,
            self.event.attribute("role_name") or "",
            self.event.blueprint,
            _point(self.positions[self.index_at(start_s)]),
            _point(self.positions[self.index_at(end_s)]),
        )


def trajectories_of(log: Log, lanes: Lanes) -> dict[int, LaneTrajectory]:
    """Return the ways of all vehicles and walkers by recorded id."""
    found = {}
    for actor_id, track in trajectories(log).items():
        if track.event.moves and len(track.times_s) > _SMOOTHED_OVER:
            positions = track.map_from_actor[:, :3, 3]
            found[actor_id] = LaneTrajectory(
                track.event,
                box_of(track)[0],
                track.times_s,
                track.map_from_actor,
                _speeds(track.times_s, positions),
                _lanes(positions, lanes),
            )
    return found


def runs(flags: Sequence[bool] | NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield (first, last) of every unbroken run of true values."""
    first = None
    for index, flag in enumerate(flags):
        if flag and first is None:
            first = index
        elif not flag and first is not None:
            yield first, index - 1
            first = None
    if first is not None:
        yield first, len(flags) - 1


def stretches(flags: NDArray[np.bool_], times_s: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return (first, last) of every run of true values, runs less than 0.5 s apart joined.

    Between two lanes there can be a hair's breadth that belongs to neither.
    """
    joined: list[tuple[int, int]] = []
    for first, last in runs(flags):
        if joined and times_s[first] - times_s[joined[-1][1]] < _JOINED_WITHIN_S:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined


def _speeds(times_s: NDArray[np.float64], positions: NDArray[np.float64]) -> NDArray[np.float64]:
    steps = np.linalg.norm(np.diff(positions[:, :2], axis=0), axis=1) / np.diff(times_s)
    return np.concatenate([steps[:1], steps])


def _lanes(positions: NDArray[np.float64], lanes: Lanes) -> list[LaneAt | None]:
    found: list[LaneAt | None] = []
    for index, position in enumerate(positions):
        still = index and np.linalg.norm(position - positions[index - 1]) < 1e-3
        again = index % _EVERY or still
        found.append(found[-1] if again and found else lanes.at(position))
    return found


def _point(position: NDArray[np.float64]) -> Point:
    x, y, z = (round(float(v), 3) for v in position)
    return x, y, z
