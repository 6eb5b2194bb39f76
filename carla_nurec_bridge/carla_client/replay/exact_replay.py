"""Play a recording tick by tick from an exact moment on, and leave the server as it was found."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import final

import carla

from ...core.errors import InputError, ProtocolError
from ...core.run_contract.timebase import NS_PER_S
from ...recorder_log.timeline import Timeline, in_parts
from ...world.states import ActorState
from ..session.session import Session, Snapshot
from .playback import Playback, PlaybackOptions
from .recordings import ListedActor, Recording

_SLACK = 1e-6
_LONGEST_TICK_S = 0.1


@dataclass(frozen=True)
class ExactReplayOptions:
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
class ReplayWindow:
    """The frames of an exact replay: frame k shows the recording at ``start_s + k * step_s``.

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


def window_of(timeline: Timeline, options: ExactReplayOptions) -> ReplayWindow:
    """Return the frames to show, cut at the recording's end; InputError when there are none."""
    if options.fps <= 0 or options.time_factor <= 0:
        raise InputError("frames a second and the time factor must lie above 0")
    step_s = options.time_factor / options.fps
    start_s = timeline.begin(options.start_s)
    whole = timeline.steps(start_s, step_s) + 1
    wanted = options.frames
    if not wanted and options.duration_s:
        wanted = max(math.floor(options.duration_s / step_s + _SLACK), 1)
    notes = []
    if wanted > whole:
        notes.append(
            f"the recording ends at {timeline.total_s:g} s: {whole} frames instead of {wanted}"
        )
    return ReplayWindow(start_s, step_s, min(wanted or whole, whole), tuple(notes))


@final
class ExactReplay:
    """A recording that plays in a session; ``close`` stops it and restores the replayer's settings.

    The order is that which keeps frames exact: the session is synchronous first, with ticks of
    ``window.tick_s``; the recording is loaded at a standstill so that sensors can be mounted; then
    it runs up to the first frame.
    """

    def __init__(
        self,
        session: Session,
        window: ReplayWindow,
        options: ExactReplayOptions,
        recording: Recording,
    ) -> None:
        self._session = session
        self._window = window
        self._options = options
        self._timeline = recording.timeline
        run_up = math.floor(window.start_s / window.step_s + _SLACK)
        self._run_up = min(options.warmup, run_up)
        playback = PlaybackOptions(
            options.ignore_hero, options.move_spectator, options.spawn_sensors
        )
        self._playback = Playback(session, recording, window.tick_s, playback)
        self.snapshot: Snapshot

    def __enter__(self) -> ExactReplay:
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
        self.snapshot = self._playback.load(self._moment_s(-self._run_up))

    def live(self, recorded: ListedActor) -> carla.Actor:
        """Return the actor that plays a recorded one, which may have another id.

        InputError when it is not there yet, or never.
        """
        actor, self.snapshot = self._playback.live(recorded, self.snapshot)
        return actor

    def frames(self) -> Iterator[tuple[int, int, Snapshot]]:
        """Yield (frame, nanoseconds since frame 0, snapshot); the warm-up passes unseen.

        ProtocolError when a tick of the world is not as long as it was asked to be.
        """
        for _ in range(self._options.warmup - self._run_up):
            self.snapshot = self._session.tick()
        tick_s = self._window.tick_s
        for number in range(-self._run_up, self._window.frames):
            place_s, now_s = self._timeline.place(self._moment_s(number)), self._playback.now_s
            fewest = self._timeline.stops(now_s, place_s, tick_s)
            for stop_s in in_parts(now_s, fewest, 1, tick_s):
                self._play_to(stop_s)
            if number >= 0:
                yield number, round(number * NS_PER_S / self._options.fps), self.snapshot

    def identify(
        self, number: int, states: Sequence[ActorState], ego: carla.Actor | None
    ) -> Mapping[int, int]:
        """Return recorded ids by live ones, of the actors in a frame."""
        return self._playback.identify(self._moment_s(number), self.snapshot, states, ego)

    def _moment_s(self, number: int) -> float:
        return self._window.start_s + number * self._window.step_s

    def _play_to(self, place_s: float) -> None:
        tick_s = self._window.tick_s
        self._playback.aim(place_s)
        self.snapshot = self._session.tick()
        self._playback.ticked(self.snapshot)
        lasted_s = self.snapshot.timestamp.delta_seconds
        if abs(lasted_s - tick_s) > 0.01 * tick_s:
            raise ProtocolError(
                f"a tick lasted {lasted_s:.4f} s instead of {tick_s:.4f} s: something else changes "
                "CARLA's time step"
            )

    def close(self) -> None:
        """End the replay and its settings; a second call does nothing."""
        self._playback.close()
