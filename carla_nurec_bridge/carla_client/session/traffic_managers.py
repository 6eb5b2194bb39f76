"""CARLA's Traffic Managers of this process, and their way out of a deadlock.

The Traffic Manager of CARLA 0.9.15 and 0.9.16 hands each synchronous step to its own thread and
may miss the signal (carla-simulator/carla issue 9172): ``World.tick`` then never returns,
although the server has finished the frame. It happens once in some thousand quick ticks.
Switching synchronous mode off and on signals again. That must come over the Traffic Manager's own
TCP port, as another process would ask for it: its methods in this process wait for the stuck tick.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import final

import carla

from ...core.machine.traffic_manager_port import signal_again

__all__ = ["TrafficManagers"]

_log = logging.getLogger(__name__)

_LOOK_S = 0.1
_PATIENCE_S = 0.5  # a Traffic Manager's step takes milliseconds, once the server serves it
LOCALHOST = "127.0.0.1"


@dataclass(frozen=True)
class _Tick:
    """A tick under way, and the frame that was there before it."""

    world: carla.World
    frame_before: int


@final
class TrafficManagers:
    """The Traffic Managers stepped by this process's tick; ``shut_down`` ends them all."""

    def __init__(self, client: carla.Client) -> None:
        self._client = client
        self._open: list[carla.TrafficManager] = []
        self._tick: _Tick | None = None
        self._closed = threading.Event()
        self._watcher: threading.Thread | None = None
        self.freed = 0

    def open(self, port: int) -> carla.TrafficManager:
        """Start a synchronous Traffic Manager that serves the TCP port ``port``."""
        manager = self._client.get_trafficmanager(port)
        manager.set_synchronous_mode(True)
        self._open.append(manager)
        if self._watcher is None:
            self._watcher = threading.Thread(
                target=self._watch, name="traffic managers", daemon=True
            )
            self._watcher.start()
        return manager

    @property
    def are_open(self) -> bool:
        """Whether there is one."""
        return bool(self._open)

    def close(self, manager: carla.TrafficManager) -> None:
        """End one of them; RuntimeError when the server is gone. After ``abandon`` do nothing."""
        if manager not in self._open:
            return
        self._open.remove(manager)
        manager.set_synchronous_mode(False)
        manager.shut_down()

    @contextmanager
    def stepping(self, world: carla.World) -> Iterator[None]:
        """Watch over one ``world.tick()`` and free it when a Traffic Manager is stuck in it."""
        if not self._open:
            yield
            return
        self._tick = _Tick(world, world.get_snapshot().frame)
        try:
            yield
        finally:
            self._tick = None

    def shut_down(self) -> None:
        """End the watch and what is open; a second call does nothing."""
        self._closed.set()
        for manager in list(self._open):
            self.close(manager)

    def abandon(self) -> None:
        """Leave them where they stand, for the server is gone.

        One that is told to end takes a last step in a thread of its own, and the time-out of its
        call to the server then aborts the process.
        """
        self._closed.set()
        self._open.clear()

    def _watch(self) -> None:
        while not self._closed.wait(_LOOK_S):
            tick = self._tick
            if tick is not None and self._is_lost(tick):
                self._free()

    def _is_lost(self, tick: _Tick) -> bool:
        """Whether a tick still waits, long after its frame and after the server served a call.

        The step ends with a call of its own, which a server that draws may keep waiting.
        """
        if tick.world.get_snapshot().frame == tick.frame_before or not self._lasts(tick):
            return False
        try:
            tick.world.get_settings()
        except RuntimeError:
            return False
        return self._lasts(tick)

    def _lasts(self, tick: _Tick) -> bool:
        deadline_s = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline_s:
            if self._tick is not tick or self._closed.wait(_LOOK_S):
                return False
        return self._tick is tick

    def _free(self) -> None:
        self.freed += 1
        _log.warning(
            "the Traffic Manager missed the signal of a tick (a defect of CARLA's client, issue "
            "9172); signalling again"
        )
        for manager in list(self._open):
            try:
                signal_again(LOCALHOST, manager.get_port())
            except OSError as error:
                _log.warning("the Traffic Manager does not answer: %s", error)
