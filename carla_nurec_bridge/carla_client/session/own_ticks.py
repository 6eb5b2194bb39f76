"""The ticks of a world that a session steps itself; their state is there before they end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import final

import carla

from ...core.errors import ProtocolError
from .lifeline import CallUnderWay, Lifeline
from .traffic_managers import TrafficManagers
from .world_watch import WorldWatch

_LAST_S = 10.0


@final
class OwnTicks:
    """Makes ticks in the lifeline's thread; who begins one need not wait for its end.

    ``World.tick`` of CARLA's client returns when the synchronous Traffic Managers of its process
    have stepped. They wait where a server draws its pictures before it answers them, as the
    embedded one does; the state of the world has come long before.
    """

    def __init__(
        self,
        client: carla.Client,
        where: str,
        lifeline: Lifeline,
        traffic_managers: TrafficManagers,
    ) -> None:
        """Make no tick yet; ``where`` is the server's address, for errors."""
        self._client = client
        self._where = where
        self._lifeline = lifeline
        self._traffic_managers = traffic_managers
        self._watch: WorldWatch | None = None
        self._call: CallUnderWay[int] | None = None
        self._before: int | None = None

    def begin(self, watch: WorldWatch | None) -> carla.WorldSnapshot:
        """Begin a tick, once the one before has ended; return its state as soon as that is there.

        Where a Traffic Manager steps that is before the end, which ``end`` waits for. ``watch``
        compares the world with what was asked for, before and after the tick. ProtocolError when
        the server has ended or another client has changed the world.
        """
        self.end()
        world, self._watch, self._before = self._client.get_world(), watch, None
        early: list[carla.WorldSnapshot] = []

        def is_seen() -> bool:
            snapshot, before = world.get_snapshot(), self._before
            if before is not None and snapshot.frame > before:
                early.append(snapshot)
            return bool(early)

        with self._telling():
            call = self._call = self._lifeline.begin(self._make)
            self._lifeline.wait(call, is_seen if self._traffic_managers.are_open else None)
            if early:
                frame, snapshot = early[0].frame, early[0]
            else:
                self._call = None
                frame, snapshot = self._lifeline.finish(call), world.get_snapshot()
            if watch is not None:
                watch.after_tick(world, frame, snapshot)
            return snapshot

    def end(self) -> None:
        """Wait for the end of the tick, if one is under way; ProtocolError as for ``begin``."""
        call, self._call = self._call, None
        if call is None:
            return
        with self._telling():
            frame = self._lifeline.finish(call)
            if self._watch is not None:
                self._watch.at_end(self._client.get_world(), frame)

    def close(self) -> None:
        """Give a tick under way ten seconds to end, whatever it raises; may be called twice."""
        call, self._call = self._call, None
        if call is not None:
            self._lifeline.let_finish(call, _LAST_S)

    def _make(self) -> int:
        """Make a tick, in the lifeline's thread; return its frame."""
        world = self._client.get_world()
        if self._watch is not None:
            self._watch.before_tick(world)
        with self._traffic_managers.stepping(world):
            self._before = world.get_snapshot().frame
            return int(world.tick())

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            self._lifeline.check()
            raise ProtocolError(f"CARLA at {self._where} did not finish a tick: {error}") from error
