"""CARLA's replayer, led from place to place: tick by tick, to exact moments of a recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import carla

from ..core.errors import InputError
from ..recorder_log.timeline import Timeline
from .recordings import RecordedActor
from .session import Session, Snapshot

_APPEAR_TICKS = 10
_STANDSTILL = 1e-6
"""The slowest time factor: replayers may refuse 0."""


@dataclass(frozen=True)
class Cast:
    """Who of a recording is played: all but the hero or the spectator, unless wanted."""

    ignore_hero: bool = False
    move_spectator: bool = False
    spawn_sensors: bool = False


@final
class Playback:
    """A recording that plays in a synchronous session with ticks of ``tick_s``.

    ``load`` brings everybody in at a standstill, ``aim`` says where the next tick leads, ``ticked``
    hears about it; ``close`` ends the replay and restores the replayer's settings.
    """

    def __init__(self, session: Session, timeline: Timeline, tick_s: float, cast: Cast) -> None:
        self._session = session
        self._timeline = timeline
        self._tick_s = tick_s
        self._cast = cast
        self._factor = _STANDSTILL
        self._playing = False
        self.now_s = 0.0

    def load(self, moment_s: float) -> Snapshot:
        """Bring everybody to their place just before a moment; return the tick's snapshot.

        InputError when the server cannot replay the recording.
        """
        client, path = self._session.client, self._timeline.source
        client.set_replayer_ignore_hero(self._cast.ignore_hero)
        client.set_replayer_ignore_spectator(not self._cast.move_spectator)
        client.set_replayer_time_factor(self._factor)
        self._playing = True
        self.now_s = self._timeline.run_in(self._timeline.place(moment_s))
        answer = client.replay_file(path, self.now_s, 0.0, 0, self._cast.spawn_sensors)
        if "Total time recorded" not in answer:
            raise InputError(f"CARLA cannot replay {path}: {' '.join(answer.split())}")
        return self._session.tick()

    def live(self, recorded: RecordedActor, snapshot: Snapshot) -> tuple[carla.Actor, Snapshot]:
        """Return the actor that plays a recorded one, which may have another id, and a snapshot.

        InputError when it is not there within a few ticks.
        """
        for _ in range(_APPEAR_TICKS):
            for actor in self._candidates(recorded):
                if snapshot.find(actor.id) is not None:
                    return actor, snapshot
            snapshot = self._session.tick()
        raise InputError(
            f"actor {recorded.id} ({recorded.blueprint}) is not there at {self.now_s:g} s of "
            f"{self._timeline.source}; it is from {recorded.from_s:g} to {recorded.to_s:g} s"
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

    def aim(self, place_s: float) -> None:
        """Let the next tick lead the replayer to a place."""
        self._factor = max((place_s - self.now_s) / self._tick_s, _STANDSTILL)
        self._session.client.set_replayer_time_factor(self._factor)

    def ticked(self, snapshot: Snapshot) -> None:
        """Take note of where a tick has led, by how long it was."""
        self.now_s += self._factor * snapshot.timestamp.delta_seconds

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
