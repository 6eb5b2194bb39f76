"""Play a recording tick by tick from an exact moment on, and leave the server as it was found."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import final

import carla

from ..core.errors import InputError, ProtocolError
from ..core.timebase import NS_PER_S
from .recordings import RecordedActor, RecordingInfo
from .session import Session, Snapshot

_SLACK = 1e-6
_APPEAR_TICKS = 10


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


@final
class Rerun:
    """A recording that plays in a session; ``close`` stops it and restores the replayer's settings.

    The order is that which keeps frames exact: the session is synchronous first, the recording is
    loaded at a standstill so that sensors can be mounted, then it runs up to the first frame.
    """

    def __init__(
        self, session: Session, info: RecordingInfo, window: Window, options: RerunOptions
    ) -> None:
        self._session = session
        self._info = info
        self._window = window
        self._options = options
        self._playing = False
        run_up = math.floor(window.start_s / window.step_s + _SLACK)
        self._run_up = min(options.warmup, run_up)
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
        client.set_replayer_time_factor(0.0)
        begin_s = self._window.start_s - self._run_up * self._window.step_s
        self._playing = True
        answer = client.replay_file(self._info.path, begin_s, 0.0, 0, options.spawn_sensors)
        if "Total time recorded" not in answer:
            raise InputError(f"CARLA cannot replay {self._info.path}: {' '.join(answer.split())}")
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

        ProtocolError when the world's time does not advance by one step with a frame.
        """
        client, options = self._session.client, self._options
        for _ in range(options.warmup - self._run_up):
            self.snapshot = self._session.tick()
        client.set_replayer_time_factor(options.time_factor)
        for _ in range(self._run_up):
            self.snapshot = self._session.tick()
        first_s = self.snapshot.timestamp.elapsed_seconds
        step_s = 1.0 / options.fps
        for number in range(self._window.frames):
            if number:
                self.snapshot = self._session.tick()
            passed_s = self.snapshot.timestamp.elapsed_seconds - first_s
            if abs(passed_s - number * step_s) > 0.01 * step_s:
                raise ProtocolError(
                    f"frame {number} came {passed_s:.4f} s after the first instead of "
                    f"{number * step_s:.4f} s: something else changes CARLA's time step"
                )
            yield number, round(number * NS_PER_S / options.fps), self.snapshot

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
