"""One client's msgpack-rpc connection: bytes in, requests answered in order, bytes out."""

from __future__ import annotations

import math
import socket
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

import msgpack

from ....core.errors import ProtocolError
from ..simulation import Simulation
from .registry import CALLS, Call

TICK = "tick_cue"
REQUEST = 0
ANSWER = 1
MAX_MESSAGE_BYTES = 512 * 1024 * 1024
MOST_ITEMS = 1 << 25
"""Of one array: the pixels of the largest texture. Memory is taken for as many as are announced."""
READ_BYTES = 1 << 18


class RpcConnection:
    """A connected client; requests are answered strictly in the order they came."""

    def __init__(self, connection: socket.socket, host: str, simulation: Simulation) -> None:
        self.socket = connection
        self.number = simulation.clients.join()
        simulation.steps.join(self.number, host)
        self._held_ticks: deque[tuple[float, list[Any]]] = deque()
        self.outgoing: list[memoryview] = []
        self._simulation = simulation
        self._packer = msgpack.Packer(use_bin_type=True, unicode_errors="surrogateescape")
        self._unpacker = msgpack.Unpacker(
            raw=False,
            strict_map_key=False,
            unicode_errors="surrogateescape",
            max_buffer_size=MAX_MESSAGE_BYTES,
            max_array_len=MOST_ITEMS,
            max_map_len=MOST_ITEMS,
        )

    def receive(self) -> bool:
        """Read what has come and answer every whole request; False when the client is gone."""
        try:
            data = self.socket.recv(READ_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if not data:
            return False
        try:
            for message in self._messages(data):
                self._answer(message)
        except (ProtocolError, OSError):
            return False
        return True

    def _messages(self, data: bytes) -> Iterator[Any]:
        """Yield the whole messages that ``data`` completes; ProtocolError when it is no msgpack."""
        try:
            self._unpacker.feed(data)
            yield from self._unpacker
        except (ValueError, TypeError, MemoryError, msgpack.exceptions.UnpackException) as error:
            raise ProtocolError(f"what came on the call port is no msgpack: {error}") from error

    def flush(self) -> bool:
        """Send what is waiting; True when nothing is left."""
        while self.outgoing:
            try:
                sent = self.socket.send(self.outgoing[0])
            except BlockingIOError:
                return False
            rest = self.outgoing[0][sent:]
            if rest:
                self.outgoing[0] = rest
                return False
            self.outgoing.pop(0)
        return True

    def _answer(self, message: Any) -> None:
        if not (isinstance(message, list) and len(message) == 4 and message[0] == REQUEST):
            raise ProtocolError("a message on the call port is no msgpack-rpc request")
        _, _, name, arguments = message
        call = CALLS.get(name) if isinstance(name, str) else None
        if call is None or not isinstance(arguments, list) or not arguments:
            count = len(arguments) if isinstance(arguments, list) else 0
            error = f"rpclib: server could not find function '{name}' with argument count {count}."
            self._send([ANSWER, message[1], error, None])
            return
        if name == TICK:
            self._held_ticks.append((time.monotonic(), message))
            self.answer_held_ticks()
        else:
            self._run(call, message)

    @property
    def holds_tick(self) -> bool:
        """Whether a tick was asked for and not begun."""
        return bool(self._held_ticks)

    def answer_held_ticks(self) -> float:
        """Run the ticks that may begin; return the seconds until the next one may.

        A tick waits for Traffic Managers to fall asleep. Whatever else this client sends is
        answered meanwhile: the Traffic Manager's thread calls on the same connection.
        """
        while self._held_ticks:
            came_s, message = self._held_ticks[0]
            left_s = self._simulation.steps.tick_from_s(came_s) - time.monotonic()
            if left_s > 0.0:
                return left_s
            self._held_ticks.popleft()
            self._run(CALLS[TICK], message)
            self._simulation.steps.ticked(self.number, time.monotonic())
        return math.inf

    def _run(self, call: Call, message: list[Any]) -> None:
        _, number, name, arguments = message
        result = call.answer(self._simulation, arguments[1:])
        # The first argument says that the client ignores the answer, which is sent anyway.
        failures = call.failures(result)
        for why in failures if arguments[0] == [True] else ():
            self._simulation.faults.refused(f"a call of {name} that nobody waits for", why)
        self._send([ANSWER, number, None, result])
        if call.bare or not failures:
            self._simulation.steps.heard(self.number, name, arguments[1:], time.monotonic())
        self._simulation.finish_frame()

    def _send(self, answer: list[Any]) -> None:
        self.outgoing.append(memoryview(self._packer.pack(answer)))
        self.flush()
