"""Play a recording tick by tick from an exact moment on, and leave the server as it was found."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import final

import carla
import numpy as np
from numpy.typing import NDArray

from ..core.errors import InputError, ProtocolError
from ..core.timebase import NS_PER_S
from .recordings import RecordedActor, RecordingInfo
from .session import Session, Snapshot

_SLACK = 1e-6
_APPEAR_TICKS = 10
_LONGEST_TICK_S = 0.1
_STANDSTILL = 1e-6
"""The slowest time factor: replayers may refuse 0."""


@dataclass(frozen=True)
class RerunOptions:
    """What of a recording is played, and how.

    ``start_s`` and ``duration_s`` are seconds of the recording (duration 0: to its end), or
    ``frames`` tells how many; ``fps`` is frames a second of simulation, each one a tick.
    ``time_factor`` 2 plays twice as fast. ``warmup`` ticks pass before the first frame.
    """

    start_s: float = 0.0
    duration_s: float = 0.0
    frames: int = 0
    fps: float = 16.0
    time_factor: float = 1.0
    ignore_hero: bool = False
    move_spectator: bool = False
    spawn_sensors: bool = False
    warmup: int = 5


@dataclass(frozen=True)
class Window:
    """The frames of a rerun: frame k shows the recording at ``start_s + k * step_s``.

    ``notes`` are sentences for the user.
    """

    start_s: float
    step_s: float
    frames: int
    notes: tuple[str, ...]

    @property
    def end_s(self) -> float:
        """The moment of the recording that the last frame shows."""
        return self.start_s + (self.frames - 1) * self.step_s

    @property
    def tick_s(self) -> float:
        """CARLA's time step: a frame, as far as its physics takes that in one step."""
        return min(self.step_s, _LONGEST_TICK_S)


def window_of(info: RecordingInfo, options: RerunOptions) -> Window:
    """Return the frames of a rerun, cut at the recording's end; InputError when there are none."""
    if options.fps <= 0 or options.time_factor <= 0:
        raise InputError("frames a second and the time factor must lie above 0")
    step_s = options.time_factor / options.fps
    left_s = info.duration_s - options.start_s
    if options.start_s < 0 or left_s < step_s:
        raise InputError(
            f"{info.path} lasts {info.duration_s:g} s; start {options.start_s:g} s leaves no frame "
            f"of it"
        )
    whole = math.floor(left_s / step_s + _SLACK)
    wanted = options.frames
    if not wanted:
        wanted_s = options.duration_s or left_s
        wanted = max(math.floor(wanted_s / step_s + _SLACK), 1)
    notes = []
    if wanted > whole:
        notes.append(
            f"the recording ends at {info.duration_s:g} s: {whole} frames instead of {wanted}"
        )
    return Window(options.start_s, step_s, min(wanted, whole), tuple(notes))


def stops_between(
    now_s: float, then_s: float, starts_s: NDArray[np.float64], tick_s: float
) -> list[float]:
    """Return the moments to stop at on the way to ``then_s``, which is the last of them.

    CARLA's replayer puts an actor between where it was in the frame of the tick before and where
    it is in the frame it has found. So that this is the recorded way, the tick before must fall
    into the recorded frame before; ``starts_s`` (N,) are the frames' beginnings. No way is longer
    than ``tick_s``.
    """
    here, there = np.searchsorted(starts_s, [now_s, then_s], side="right") - 1
    stops = [then_s]
    if there - here > 1:
        stops.insert(0, float(starts_s[there - 1] + starts_s[there]) / 2.0)
    found = []
    for stop in stops:
        parts = math.ceil((stop - now_s) / tick_s - _SLACK)
        found += [now_s + (stop - now_s) * part / parts for part in range(1, parts)]
        found.append(stop)
        now_s = stop
    return found


@final
class Rerun:
    """A recording that plays in a session; ``close`` stops it and restores the replayer's settings.

    The order is that which keeps frames exact: the session is synchronous first, with ticks of
    ``window.tick_s``; the recording is loaded at a standstill so that sensors can be mounted; then
    it runs up to the first frame. ``starts_s`` (N,) are the beginnings of the recorded frames.
    """

    def __init__(
        self,
        session: Session,
        info: RecordingInfo,
        window: Window,
        options: RerunOptions,
        starts_s: NDArray[np.float64],
    ) -> None:
        self._session = session
        self._info = info
        self._window = window
        self._options = options
        self._starts_s = starts_s
        self._playing = False
        run_up = math.floor(window.start_s / window.step_s + _SLACK)
        self._run_up = min(options.warmup, run_up)
        self._now_s = window.start_s - self._run_up * window.step_s
        self.snapshot: Snapshot

    def __enter__(self) -> Rerun:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def load(self) -> None:
        """Bring everybody to their place shortly before the start, standing still."""
        client, options = self._session.client, self._options
        client.set_replayer_ignore_hero(options.ignore_hero)
        client.set_replayer_ignore_spectator(not options.move_spectator)
        client.set_replayer_time_factor(_STANDSTILL)
        self._playing = True
        path = self._info.path
        answer = client.replay_file(path, self._now_s, 0.0, 0, options.spawn_sensors)
        if "Total time recorded" not in answer:
            raise InputError(f"CARLA cannot replay {path}: {' '.join(answer.split())}")
        self.snapshot = self._session.tick()

    def live(self, recorded: RecordedActor) -> carla.Actor:
        """Return the actor that plays a recorded one, which may have another id.

        InputError when it is not there yet, or never.
        """
        for _ in range(_APPEAR_TICKS):
            for actor in self._candidates(recorded):
                if self.snapshot.find(actor.id) is not None:
                    return actor
            self.snapshot = self._session.tick()
        raise InputError(
            f"actor {recorded.id} ({recorded.blueprint}) is not there at {self._window.start_s:g} "
            f"s of {self._info.path}; it is from {recorded.from_s:g} to {recorded.to_s:g} s"
        )

    def _candidates(self, recorded: RecordedActor) -> list[carla.Actor]:
        """Return live actors that may play a recorded one, that with its id first."""
        fitting = [
            actor
            for actor in self._session.world.get_actors()
            if actor.type_id == recorded.blueprint
            and actor.attributes.get("role_name", "") == recorded.role_name
        ]
        return sorted(fitting, key=lambda actor: (actor.id != recorded.id, actor.id))

    def frames(self) -> Iterator[tuple[int, int, Snapshot]]:
        """Yield (frame, nanoseconds since frame 0, snapshot); the warm-up passes unseen.

        ProtocolError when a tick of the world is not as long as it was asked to be.
        """
        window = self._window
        for _ in range(self._options.warmup - self._run_up):
            self.snapshot = self._session.tick()
        for number in range(-self._run_up, window.frames):
            moment_s = window.start_s + number * window.step_s
            for stop_s in stops_between(self._now_s, moment_s, self._starts_s, window.tick_s):
                self._play_to(stop_s)
            if number >= 0:
                yield number, round(number * NS_PER_S / self._options.fps), self.snapshot

    def _play_to(self, moment_s: float) -> None:
        tick_s = self._window.tick_s
        factor = max((moment_s - self._now_s) / tick_s, _STANDSTILL)
        self._session.client.set_replayer_time_factor(factor)
        self.snapshot = self._session.tick()
        self._now_s = moment_s
        lasted_s = self.snapshot.timestamp.delta_seconds
        if abs(lasted_s - tick_s) > 0.01 * tick_s:
            raise ProtocolError(
                f"a tick lasted {lasted_s:.4f} s instead of {tick_s:.4f} s: something else changes "
                "CARLA's time step"
            )

    def close(self) -> None:
        """End the replay and its settings; a second call does nothing."""
        playing, self._playing = self._playing, False
        if not playing:
            return
        client = self._session.client
        try:
            client.stop_replayer(False)
            client.set_replayer_time_factor(1.0)
            client.set_replayer_ignore_hero(False)
            client.set_replayer_ignore_spectator(True)
        except RuntimeError:
            return  # the server is gone, and the replay with it
