"""The ticks of a world that a session steps itself; their state is there before they end."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import final

import carla

from ...core.errors import ProtocolError
from .lifeline import CallUnderWay, Lifeline
from .traffic_managers import TrafficManagers
from .world_watch import WorldWatch


@final
class OwnTicks:
    """Makes ticks in the lifeline's thread; who begins one need not wait for its end.

    ``World.tick`` of CARLA's client returns when the synchronous Traffic Managers of its process
    have stepped. They wait where a server draws its pictures before it answers them, as the
    embedded one does; the state of the world has come long before.

    ``watch`` compares every tick with what was asked for, once there is one.
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
        self.watch: WorldWatch | None = None
        self._call: CallUnderWay[carla.WorldSnapshot] | None = None
        self._news = threading.Event()
        self._ended = False
        self._heard: deque[carla.WorldSnapshot] = deque(maxlen=1)
        self._listener: tuple[carla.World, int] | None = None

    def begin(self) -> carla.WorldSnapshot:
        """Begin a tick; return its state as soon as that is there.

        Where a Traffic Manager steps that is before the end, which ``end`` waits for.
        ProtocolError when the server has ended or another client has changed the world.
        """
        assert self._call is None, "the tick before has not ended"
        world = self._client.get_world()
        if self._traffic_managers.any:
            self._listen(world)
        frame_before = world.get_snapshot().frame
        self._heard.clear()
        self._ended = False
        self._news.clear()
        with self._telling():
            call = self._call = self._lifeline.begin(self._make)
            while not self._ended:
                self._lifeline.wait(call, self._news)
                self._news.clear()
                if self._heard and self._heard[-1].frame > frame_before:
                    return self._heard[-1]
            self._call = None
            return self._lifeline.finish(call)

    def end(self) -> None:
        """Wait for the end of the tick, if one is under way; ProtocolError as for ``begin``."""
        call, self._call = self._call, None
        if call is not None:
            with self._telling():
                self._lifeline.finish(call)

    def close(self) -> None:
        """Let a tick under way end, whatever it raises, and hear no more; may be called twice."""
        call, self._call = self._call, None
        if call is not None:
            self._lifeline.let_finish(call)
        self._unlisten()

    def _make(self) -> carla.WorldSnapshot:
        try:
            world, watch = self._client.get_world(), self.watch
            if watch is not None:
                watch.before_tick(world)
            with self._traffic_managers.stepping(world):
                frame = world.tick()
            snapshot = world.get_snapshot()
            if watch is not None:
                watch.after_tick(world, frame, snapshot)
            return snapshot
        finally:
            self._ended = True
            self._news.set()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            self._lifeline.check()
            raise ProtocolError(f"CARLA at {self._where} did not finish a tick: {error}") from error

    def _listen(self, world: carla.World) -> None:
        """Hear of this world's ticks from now on, and of no other's."""
        if self._listener is None or self._listener[0].id != world.id:
            self._unlisten()
            self._listener = world, world.on_tick(self._hear)

    def _hear(self, snapshot: carla.WorldSnapshot) -> None:
        self._heard.append(snapshot)
        self._news.set()

    def _unlisten(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            world, number = listener
            with suppress(RuntimeError):  # of a world that is gone with its server
                world.remove_on_tick(number)
