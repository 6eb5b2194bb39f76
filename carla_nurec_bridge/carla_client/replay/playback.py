"""CARLA's replayer, led from place to place: tick by tick, to exact moments of a recording."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import carla

from ...core.errors import InputError
from ...core.teardown import Teardown
from ...world.identity import Place, Seen
from ...world.states import ActorState
from ..actors.identities import Identities
from ..session.session import Session, Snapshot
from .recordings import ListedActor, Recording

_APPEAR_TICKS = 10
_STANDSTILL = 1e-6
"""The slowest time factor: replayers may refuse 0."""


@dataclass(frozen=True)
class PlaybackOptions:
    """Who of a recording is played: all but the hero or the spectator, unless wanted."""

    ignore_hero: bool = False
    move_spectator: bool = False
    spawn_sensors: bool = False


@final
class Playback:
    """A recording that plays in a synchronous session with ticks of ``tick_s``.

    ``load`` brings everybody in at a standstill, ``aim`` says where the next tick leads, ``ticked``
    hears about it; ``identify`` says who plays whom. ``close`` ends the replay, sends away who
    was brought in and known, and restores the replayer's settings.
    """

    def __init__(
        self, session: Session, recording: Recording, tick_s: float, options: PlaybackOptions
    ) -> None:
        self._session = session
        self._recording = recording
        self._timeline = recording.timeline
        self._identities = Identities(recording.info, recording.places)
        self._before: set[int] = set()
        self._tick_s = tick_s
        self._options = options
        self._factor = _STANDSTILL
        self._playing = False
        self.now_s = 0.0

    def load(self, moment_s: float) -> Snapshot:
        """Bring everybody to their place just before a moment; return the tick's snapshot.

        InputError when the server cannot replay the recording.
        """
        client, path = self._session.client, self._timeline.source
        client.set_replayer_ignore_hero(self._options.ignore_hero)
        client.set_replayer_ignore_spectator(not self._options.move_spectator)
        client.set_replayer_time_factor(self._factor)
        self._before = {actor.id for actor in self._session.world.get_actors()}
        self._playing = True
        self.now_s = self._timeline.run_in(self._timeline.place(moment_s))
        answer = client.replay_file(path, self.now_s, 0.0, 0, self._options.spawn_sensors)
        if "Total time recorded" not in answer:
            raise InputError(f"CARLA cannot replay {path}: {' '.join(answer.split())}")
        return self._session.tick()

    def live(self, recorded: ListedActor, snapshot: Snapshot) -> tuple[carla.Actor, Snapshot]:
        """Return the actor that plays a recorded one, which may have another id, and a snapshot.

        InputError when it is not there within a few ticks.
        """
        for _ in range(_APPEAR_TICKS):
            here = [a for a in self._candidates(recorded) if snapshot.find(a.id) is not None]
            if here:
                return self._nearest(here, recorded, snapshot), snapshot
            snapshot = self._session.tick()
        raise InputError(
            f"actor {recorded.id} ({recorded.blueprint}) is not there at {self.now_s:g} s of "
            f"{self._timeline.source}; it is from {recorded.from_s:g} to {recorded.to_s:g} s"
        )

    def _candidates(self, recorded: ListedActor) -> list[carla.Actor]:
        """Return live actors of a recorded one's blueprint and role."""
        return [
            actor
            for actor in self._session.world.get_actors()
            if actor.type_id == recorded.blueprint
            and actor.attributes.get("role_name", "") == recorded.role_name
        ]

    def _nearest(
        self, actors: list[carla.Actor], recorded: ListedActor, snapshot: Snapshot
    ) -> carla.Actor:
        """Return the actor that is where the recorded one is, the first where nobody knows."""
        places = self._recording.places
        here = places.at(self._frame_s()) if places is not None else {}
        if recorded.id not in here:
            return actors[0]
        x, y = here[recorded.id]
        away_m = [math.dist((x, y), _place(snapshot.find(actor.id))) for actor in actors]
        return actors[away_m.index(min(away_m))]

    def _frame_s(self) -> float:
        """Return the beginning of the recorded frame that is shown at a standstill."""
        return float(self._timeline.starts_s[self._timeline.frame(self.now_s)])

    def identify(
        self,
        moment_s: float,
        snapshot: Snapshot,
        states: Sequence[ActorState],
        ego: carla.Actor | None,
    ) -> Mapping[int, int]:
        """Return recorded ids by live ones, of the actors that a moment's snapshot shows."""
        kinds = {s.actor.id: (s.actor.blueprint, s.actor.role_name) for s in states}
        if ego is not None:
            kinds[ego.id] = (ego.type_id, ego.attributes.get("role_name", ""))
        live = [(key, Seen(kind, _place(snapshot.find(key)))) for key, kind in kinds.items()]
        return self._identities.update(moment_s, live)

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
        brought = sorted(self._identities.by_live.keys() - self._before)
        batch = [carla.command.DestroyActor(actor) for actor in brought]
        Teardown.in_order(
            ("the replayer", lambda: client.stop_replayer(False)),
            ("the actors of the recording", lambda: client.apply_batch(batch)),
            ("the time factor", lambda: client.set_replayer_time_factor(1.0)),
            ("what is done to heroes", lambda: client.set_replayer_ignore_hero(False)),
            ("what is done to spectators", lambda: client.set_replayer_ignore_spectator(True)),
            excused=self._session.has_ended,
        ).close()


def _place(state: carla.ActorSnapshot) -> Place:
    location = state.get_transform().location
    return location.x, -location.y
