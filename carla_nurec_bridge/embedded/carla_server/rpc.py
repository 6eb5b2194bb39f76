"""One client's msgpack-rpc connection: bytes in, requests answered in order, bytes out."""

from __future__ import annotations

import socket
from typing import Any

import msgpack

from ...core.errors import ProtocolError
from .registry import CALLS
from .simulation import Simulation

REQUEST = 0
ANSWER = 1
MAX_MESSAGE_BYTES = 512 * 1024 * 1024
MOST_ITEMS = 1 << 25
"""Of one array: the pixels of the largest texture. Memory is taken for as many as are announced."""
READ_BYTES = 1 << 18


class RpcConnection:
    """A connected client; requests are answered strictly in the order they came."""

    def __init__(self, connection: socket.socket, simulation: Simulation) -> None:
        self.socket = connection
        self.number = simulation.clients.join()
        self.outgoing: list[memoryview] = []
        self._simulation = simulation
        self._packer = msgpack.Packer(use_bin_type=True, unicode_errors="surrogateescape")
        self._unpacker = msgpack.Unpacker(
            raw=False, strict_map_key=False, unicode_errors="surrogateescape",
            max_buffer_size=MAX_MESSAGE_BYTES, max_array_len=MOST_ITEMS, max_map_len=MOST_ITEMS,
        )  # fmt: skip

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
            self._unpacker.feed(data)
            for message in self._unpacker:
                self._answer(message)
        except (ProtocolError, ValueError, msgpack.exceptions.UnpackException, OSError):
            return False
        return True

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
        _, number, name, arguments = message
        call = CALLS.get(name) if isinstance(name, str) else None
        if call is None or not isinstance(arguments, list) or not arguments:
            count = len(arguments) if isinstance(arguments, list) else 0
            error = f"rpclib: server could not find function '{name}' with argument count {count}."
            self._send([ANSWER, number, error, None])
            return
        result = call.answer(self._simulation, arguments[1:])
        # The first argument says that the client ignores the answer, which is sent anyway.
        for why in call.failures(result) if arguments[0] == [True] else ():
            self._simulation.faults.refused(f"a call of {name} that nobody waits for", why)
        self._send([ANSWER, number, None, result])
        self._simulation.finish_frame()

    def _send(self, answer: list[Any]) -> None:
        self.outgoing.append(memoryview(self._packer.pack(answer)))
        self.flush()
