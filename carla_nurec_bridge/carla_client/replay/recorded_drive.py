"""Mode replay: a recording whose frames are those of the run, each at its exact moment."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import final

import carla

from ...core.errors import InputError, ProtocolError
from ...core.run_contract.timebase import NS_PER_S
from ...recorder_log.timeline import Timeline, in_parts
from ...world.states import ActorState
from ..session.session import Session, Snapshot
from .playback import Playback, PlaybackOptions
from .recordings import (
    ListedActor,
    Recording,
    open_recording,
    recording_info,
)

_MOST_TICKS = 20
_FACTOR = 1.9
"""CARLA's replayer stops interpolating at a time factor of 2: a frame's last tick is slower."""
_SLACK = 1.02


@dataclass(frozen=True)
class ReplayWish:
    """What of a recording is to be replayed, in frames of ``dt_ns`` of simulated time.

    ``start_s`` below zero counts from the recording's end; ``time_factor`` 2 plays twice as fast.
    A frame is to have ``ticks`` ticks at least.
    """

    log: Path
    role_name: str
    dt_ns: int
    start_s: float = 0.0
    time_factor: float = 1.0
    ticks: int = 1


@dataclass(frozen=True)
class ReplayPlan:
    """Frame k shows the recording at ``begin_s + k * step_s``; ``frames`` is the last one's number.

    ``timeline`` reaches as far as ``ego``, who is followed; ``ticks`` are CARLA's in a frame of
    ``dt_ns``. ``end`` says how the replay ends; ``notes`` are sentences for the user.
    """

    recording: Recording
    timeline: Timeline
    ego: ListedActor
    begin_s: float
    step_s: float
    frames: int
    dt_ns: int
    ticks: int
    end: str
    notes: tuple[str, ...]

    def moment_s(self, frame: int) -> float:
        """Return the moment of the recording that a frame shows."""
        return self.begin_s + frame * self.step_s

    def place(self, frame: int) -> float:
        """Return where the replayer must be at a frame."""
        return self.timeline.place(self.moment_s(frame))

    def reach_s(self, ticks: int) -> float:
        """Return how far the last of a frame's ticks may lead."""
        return _FACTOR * self.dt_ns / NS_PER_S / ticks


def plan_replay(session: Session, wish: ReplayWish) -> ReplayPlan:
    """Return the frames of a replay; InputError when the recording has nothing to show.

    The session's server says who is in it, and loads its map; the file tells when its frames lie.
    """
    info = recording_info(session.client, str(wish.log.resolve()))
    session.use_map(info.map_name)
    recording = open_recording(info)
    timeline = recording.timeline
    ego = info.actor(0, wish.role_name)
    begin_s = timeline.begin(wish.start_s)
    notes = [*recording.notes]
    if begin_s < ego.from_s:
        begin_s = ego.from_s
        notes.append(f"{wish.role_name!r} appears at {begin_s:g} s: the replay begins there")
    stays = ego.to_s >= info.duration_s
    shown = timeline if stays else timeline.until(ego.to_s)
    if begin_s > shown.last_s:
        raise InputError(
            f"{info.path} has {wish.role_name!r} from {ego.from_s:g} to {ego.to_s:g} s only; a "
            f"start at {wish.start_s:g} s is too late"
        )
    step_s = wish.time_factor * wish.dt_ns / NS_PER_S
    frames = shown.steps(begin_s, step_s)
    gone = "" if stays else f", where {wish.role_name!r} goes"
    end = (
        f"the recording ended after {frames} frames: {wish.log.name} lasts {timeline.total_s:g} s, "
        f"and was shown from {begin_s:g} to {begin_s + frames * step_s:g} s{gone}"
    )
    plan = ReplayPlan(
        recording, shown, ego, begin_s, step_s, frames, wish.dt_ns, wish.ticks, end, tuple(notes)
    )
    return replace(plan, ticks=_ticks(plan))


def _ticks(plan: ReplayPlan) -> int:
    """Return how many ticks a frame needs to be exact, at least those that it has."""
    needed = next(n for n in (1, 2, 3) if n == 3 or _suffice(plan, n))
    for ticks in range(max(needed, plan.ticks), _MOST_TICKS + 1):
        if plan.dt_ns % ticks == 0:
            return ticks
    raise InputError(
        f"a frame of {plan.dt_ns} ns cannot be divided into the {needed} ticks or more that this "
        "recording needs; choose another dt_s"
    )


def _suffice(plan: ReplayPlan, ticks: int) -> bool:
    places = [plan.place(frame) for frame in range(plan.frames + 1)]
    reach_s = plan.reach_s(ticks)
    return all(
        len(plan.timeline.stops(now_s, then_s, reach_s)) <= ticks
        for now_s, then_s in pairwise(places)
    )


@final
class RecordedDrive:
    """A replay that is led from frame to frame; ``close`` ends it.

    ``open`` shows frame 0. ``before_tick`` and ``after_tick`` go round each of the ``plan.ticks``
    ticks of every further frame; behind the last one the world stands still.
    """

    def __init__(self, session: Session, plan: ReplayPlan) -> None:
        self._session = session
        self._plan = plan
        self._playback = Playback(
            session,
            replace(plan.recording, timeline=plan.timeline),
            plan.dt_ns / NS_PER_S / plan.ticks,
            PlaybackOptions(),
        )
        self._frame = 0
        self._stops: list[float] = []

    def open(self) -> tuple[carla.Vehicle, Snapshot]:
        """Show frame 0; return the ego and the snapshot."""
        snapshot = self._playback.load(self._plan.begin_s)
        ego, _ = self._playback.live(self._plan.ego, snapshot)
        plan, now_s = self._plan, self._playback.now_s
        for stop_s in plan.timeline.stops(now_s, plan.place(0), plan.reach_s(plan.ticks)):
            self._playback.aim(stop_s)
            snapshot = self._session.tick()
            self._playback.ticked(snapshot)
        return ego, snapshot

    @property
    def moment_s(self) -> float:
        """The moment of the recording that is shown."""
        return self._plan.moment_s(min(self._frame, self._plan.frames))

    def identify(
        self, snapshot: Snapshot, states: Sequence[ActorState], ego: carla.Actor
    ) -> Mapping[int, int]:
        """Return recorded ids by live ones, of the actors in the frame that is shown."""
        return self._playback.identify(self.moment_s, snapshot, states, ego)

    @property
    def over(self) -> bool:
        """Whether the last frame is shown."""
        return self._frame >= self._plan.frames and not self._stops

    def before_tick(self) -> None:
        """Say where the next tick leads."""
        if not self._stops:
            self._frame += 1
            self._stops = self._way(min(self._frame, self._plan.frames))
        self._playback.aim(self._stops.pop(0))

    def _way(self, frame: int) -> list[float]:
        plan, now_s = self._plan, self._playback.now_s
        place_s = max(plan.place(frame), now_s)
        stops = plan.timeline.stops(now_s, place_s, plan.reach_s(plan.ticks) * _SLACK)
        if len(stops) > plan.ticks:
            raise ProtocolError(
                f"the replay stands at {now_s:.4f} s instead of {plan.place(frame - 1):.4f} s: "
                "something else changes CARLA's time step or replays as well"
            )
        return in_parts(now_s, stops, plan.ticks, math.inf)

    def after_tick(self, snapshot: Snapshot) -> None:
        """Take note of a tick."""
        self._playback.ticked(snapshot)

    def close(self) -> None:
        """End the replay; a second call does nothing."""
        self._playback.close()
