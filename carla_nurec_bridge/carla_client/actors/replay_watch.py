"""Signs that another client replays a recording in the world of a run."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import final

import carla

from ..session.session import Session

STILL = carla.Vector3D()
REPLAYS = "replays a recording in this world (replay_file)"
PLAY_HERE = "play the recording with mode:=replay"
_MAYBE_REPLAYED = (
    "another client may replay a recording in this world (replay_file), or leads traffic of its own"
)
_MOVED_M = 0.01
_MOVES = 3
_WATCHED_TICKS = 200
_MOST_WATCHED = 8
_LED_M = 0.1
_SOON_TICKS = 1


@dataclass
class _Watched:
    """A vehicle that came in or is led, how often it moved without speed, for how long."""

    name: str
    before: carla.ActorSnapshot
    lights_set: bool
    moves: int = 0
    ticks: int = 0


@final
class ReplayWatch:
    """Looks at vehicles that come into the world, and at the clock of one traffic light.

    A recording that is replayed brings vehicles in and leads them from place to place, while
    CARLA reports no speed of them, and it sets the clocks of the traffic lights. With both signs
    it is one; without the second a program may lead traffic of its own.
    """

    def __init__(
        self,
        session: Session,
        lights: Sequence[carla.TrafficLight],
        own: Callable[[], Collection[int]],
        warn: Callable[[str], None],
        end: Callable[[str, str], None],
    ) -> None:
        """Look from the next tick on; ``end(did, instead)`` hears of a replay."""
        self._session = session
        self._light = next(iter(lights), None)
        self._own = own
        self._warn = warn
        self._end = end
        self._known: set[int] | None = None
        self._count = 0
        self._clock_s = math.nan
        self._since_begun = self._since_set = _SOON_TICKS + 1
        self._watched: dict[int, _Watched] = {}
        self._before: carla.WorldSnapshot | None = None
        self._last: carla.WorldSnapshot | None = None
        self._warned = False

    def after_tick(self, snapshot: carla.WorldSnapshot) -> None:
        """Look at a tick."""
        self._before, self._last = self._last, snapshot
        for actor_id in list(self._watched):
            self._look_at(actor_id, snapshot)
        self._look_at_light(snapshot)
        if len(snapshot) != self._count:
            self._count = len(snapshot)
            self._welcome(snapshot)

    def is_seen(self, snapshot: carla.WorldSnapshot) -> bool:
        """Say whether the last tick has signs of a replay.

        These are a traffic light whose clock did not go on, and a vehicle that came in or was led.
        """
        if self._since_begun > _SOON_TICKS:
            return False
        return bool(self._watched or self._led(snapshot))

    def _look_at_light(self, snapshot: carla.WorldSnapshot) -> None:
        if self._light is None:
            return
        dt_s = snapshot.timestamp.delta_seconds
        before_s, self._clock_s = self._clock_s, self._light.get_elapsed_time()
        ran_s = self._clock_s - before_s
        self._since_set += 1
        self._since_begun += 1
        if abs(ran_s - dt_s) <= 0.5 * dt_s or ran_s == 0.0 or math.isnan(before_s):
            return
        self._since_begun = 0
        if self._clock_s < 1.5 * dt_s:
            return  # it shows another colour: its clock begins anew by itself
        self._since_set = 0
        for one in self._watched.values():
            one.lights_set |= one.ticks <= _SOON_TICKS
        for actor in self._led(snapshot):
            self._take_up(actor, snapshot)

    def _welcome(self, snapshot: carla.WorldSnapshot) -> None:
        here = {state.id for state in snapshot}
        known, self._known = self._known, here
        if known is None or not here - known:
            return
        for actor in self._session.world.get_actors(sorted(here - known)):
            self._take_up(actor, snapshot)

    def _take_up(self, actor: carla.Actor, snapshot: carla.WorldSnapshot) -> None:
        """Watch a vehicle that is not the run's own from now on."""
        wanted = actor.type_id.startswith("vehicle.") and actor.id not in self._own()
        if wanted and len(self._watched) < _MOST_WATCHED:
            lights_set = self._since_set <= _SOON_TICKS
            self._watched[actor.id] = _Watched(actor.type_id, snapshot.find(actor.id), lights_set)

    def _look_at(self, actor_id: int, snapshot: carla.WorldSnapshot) -> None:
        one, now = self._watched[actor_id], snapshot.find(actor_id)
        one.ticks += 1
        if now is None or one.ticks > _WATCHED_TICKS or now.get_velocity() != STILL:
            del self._watched[actor_id]
            return
        place, before = now.get_transform().location, one.before.get_transform().location
        one.before = now
        one.moves += place.distance(before) > _MOVED_M
        if one.moves < _MOVES:
            return
        del self._watched[actor_id]
        led = f"{one.name} (actor {actor_id}) is led from place to place"
        if one.lights_set:
            self._end(f"{REPLAYS}: {led}, and traffic lights were set", PLAY_HERE)
        elif not self._warned:
            self._warned = True
            self._warn(f"{led}: {_MAYBE_REPLAYED}")

    def _led(self, snapshot: carla.WorldSnapshot) -> list[carla.Actor]:
        """Return the vehicles that are elsewhere after a tick, although CARLA tells no speed."""
        before = self._before
        if before is None:
            return []
        led = []
        for now in snapshot:
            old = before.find(now.id)
            if old is None or now.get_velocity() != STILL:
                continue
            rolled_m = length_of(old.get_velocity()) * snapshot.timestamp.delta_seconds
            moved_m = now.get_transform().location.distance(old.get_transform().location)
            if moved_m > rolled_m + _LED_M:
                led.append(now.id)
        actors = self._session.world.get_actors(led) if led else []
        return [actor for actor in actors if actor.type_id.startswith("vehicle.")]


def length_of(vector: carla.Vector3D) -> float:
    """Return the length of a vector of CARLA."""
    return math.sqrt(vector.x * vector.x + vector.y * vector.y + vector.z * vector.z)
