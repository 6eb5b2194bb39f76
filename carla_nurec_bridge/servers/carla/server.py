"""The event loop: one thread that reads calls, runs the world, and writes answers and streams.

One thread owns the world and both ports, so calls take effect in the order in which they came,
between steps, as on CARLA's game thread, and a tick costs no hand-over between threads.
"""

from __future__ import annotations

import math
import selectors
import socket
import time

from ...core.errors import InputError
from ...town.maps import MapLibrary
from .calls import (
    actors,
    batch,
    level,
    lights,
    navigation,
    parts,
    recorder,
    vehicles,
    walkers,
    world,
)
from .calls.connection import RpcConnection
from .simulation import Simulation
from .traffic_steps import PAUSE_S, TrafficSteps
from .wire.listening import listen
from .wire.streams import StreamHub, Subscription

SEND_BUFFER_BYTES = 4 * 1024 * 1024
LONGEST_WAIT_S = 0.5
CALL_WAITS_S = 0.001
HANDLERS = (
    actors,
    batch,
    level,
    lights,
    navigation,
    parts,
    recorder,
    vehicles,
    walkers,
    world,
)
"""The modules whose import registers the calls."""

Peer = RpcConnection | Subscription


class CarlaServer:
    """Both ports of an embedded CARLA; ``serve`` runs until ``stop`` is called."""

    def __init__(self, simulation: Simulation, host: str, port: int) -> None:
        self._simulation = simulation
        self._stopping = False
        self._holding: set[RpcConnection] = set()
        self._selector = selectors.DefaultSelector()
        self._calls = listen(host, port)
        try:
            self._streams = listen(host, simulation.streams.port)
        except InputError:
            self._calls.close()
            raise
        for listener in (self._calls, self._streams):
            self._selector.register(listener, selectors.EVENT_READ, listener)
        simulation.streams.on_pending = self._watch_writes
        simulation.streams.on_gone = self._drop
        simulation.streams.pump = self._pump_streams

    @property
    def map_name(self) -> str:
        """The name of the loaded map."""
        return self._simulation.episode.level.name

    def serve(self) -> None:
        """Answer calls and advance the world until stopped."""
        simulation, faults = self._simulation, self._simulation.faults
        while not self._stopping:
            now_s = time.monotonic()
            wait_s = min(
                simulation.seconds_until_step(now_s),
                self._run_held_ticks(),
                max(simulation.steps.seconds_until_lost(now_s), 0.0),
                LONGEST_WAIT_S,
            )
            for key, events in self._selector.select(wait_s):
                if key.data is self._calls or key.data is self._streams:
                    self._accept(key.data)
                    continue
                with faults.within("a client's connection", "it is closed") as part:
                    self._handle(key.data, events)
                if part.error is not None:
                    self._drop(key.data)
            now_s = time.monotonic()
            simulation.step_if_due(now_s)
            simulation.steps.wake_lost(now_s)
            simulation.streams.end_hush()

    def _run_held_ticks(self) -> float:
        """Run the ticks that may begin by now; return the seconds until the next one may."""
        wait_s = math.inf
        for caller in tuple(self._holding):
            try:
                wait_s = min(wait_s, caller.answer_held_ticks())
            except OSError:
                self._drop(caller)
                continue
            if not caller.holds_tick:
                self._holding.discard(caller)
            if caller.outgoing:
                self._watch_writes(caller)
        return wait_s

    def stop(self) -> None:
        """Make ``serve`` return soon; safe from a signal handler."""
        self._stopping = True

    def close(self) -> None:
        """Close every connection and both ports; further calls do nothing."""
        for key in tuple(self._selector.get_map().values() if self._selector.get_map() else ()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()

    def _pump_streams(self, wait_s: float) -> None:
        """Attend to the streaming port only; calls wait."""
        attended = False
        for key, events in self._selector.select(wait_s):
            if key.data is self._streams:
                self._accept(key.data)
                attended = True
            elif isinstance(key.data, Subscription):
                self._handle(key.data, events)
                attended = True
        if not attended:
            time.sleep(min(wait_s, CALL_WAITS_S))

    def _accept(self, listener: socket.socket) -> None:
        try:
            connection, address = listener.accept()
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            return
        peer: Peer
        if listener is self._calls:
            peer = RpcConnection(connection, address[0], self._simulation)
        else:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
            peer = Subscription(connection)
        self._selector.register(connection, selectors.EVENT_READ, peer)

    def _handle(self, peer: Peer, events: int) -> None:
        if peer.socket.fileno() < 0:
            return
        if events & selectors.EVENT_WRITE:
            try:
                if peer.flush():
                    self._selector.modify(peer.socket, selectors.EVENT_READ, peer)
            except OSError:
                self._drop(peer)
                return
        if events & selectors.EVENT_READ:
            known = isinstance(peer, Subscription) and peer.stream_id != 0
            if not peer.receive():
                self._drop(peer)
            elif isinstance(peer, RpcConnection):
                if peer.outgoing:
                    self._watch_writes(peer)
                if peer.holds_tick:
                    self._holding.add(peer)
            elif peer.stream_id and not known:
                self._simulation.streams.subscribe(peer)

    def _watch_writes(self, peer: Peer) -> None:
        if peer.socket.fileno() >= 0:
            self._selector.modify(peer.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, peer)

    def _drop(self, peer: Peer) -> None:
        if peer.socket.fileno() < 0:
            return
        if isinstance(peer, Subscription):
            self._simulation.streams.unsubscribe(peer)
        else:
            self._simulation.clients.leave(peer.number)
            self._simulation.steps.leave(peer.number)
            self._holding.discard(peer)
        self._selector.unregister(peer.socket)
        peer.socket.close()


def open_server(
    maps: MapLibrary,
    map_name: str,
    host: str,
    port: int,
    seed: int = 0,
    traffic_pause_s: float = PAUSE_S,
) -> CarlaServer:
    """Load a map, make ready all that clients ask first, and listen.

    ``traffic_pause_s`` is that of ``TrafficSteps``. InputError for a broken map or a port in use.
    """
    steps = TrafficSteps(traffic_pause_s)
    simulation = Simulation(maps, map_name, StreamHub(port + 1), seed, steps)
    simulation.warm_up()
    navigation.navigation_mesh(simulation.episode.level)
    return CarlaServer(simulation, host, port)
