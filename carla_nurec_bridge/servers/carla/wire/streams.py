"""The streaming port: who listens to which stream, and messages written with a deadline."""

from __future__ import annotations

import logging
import select
import socket
import struct
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence

from ....core.buffers import flat_bytes
from ....core.errors import ProtocolError

WRITE_DEADLINE_S = 10.0
CONNECT_DEADLINE_S = 2.0
HUSH_S = 0.5
TCP = 1
WORLD_STREAM = 1

Part = bytes | memoryview

log = logging.getLogger(__name__)


def stream_token(stream_id: int, port: int) -> bytes:
    """Return the 24-byte token of a stream on ``port`` of the host the client already knows.

    ProtocolError for a number that no stream can have.
    """
    if not 0 <= stream_id < 1 << 32:
        raise ProtocolError(f"no stream has the number {stream_id}")
    return struct.pack("<IHBB16x", stream_id, port, TCP, 0)


class Subscription:
    """One client's connection to one stream; ``stream_id`` is 0 until the client names it."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.stream_id = 0
        self.pending: deque[memoryview] = deque()
        self._greeting = b""

    def receive(self) -> bool:
        """Read the stream's number, or notice the client's leaving (False)."""
        try:
            data = self.socket.recv(64)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if not data:
            return False
        if self.stream_id == 0:
            self._greeting += data
            if len(self._greeting) >= 4:
                (self.stream_id,) = struct.unpack_from("<I", self._greeting)
        return True

    def write(self, parts: Sequence[Part]) -> None:
        """Queue one message and send as much of it as the socket takes now; OSError when gone."""
        views = [flat_bytes(part) for part in parts]
        size = sum(view.nbytes for view in views)
        self.pending.extend((memoryview(struct.pack("<I", size)), *views))
        self.flush()

    def flush(self) -> bool:
        """Send what is pending without waiting; True when nothing is left."""
        while self.pending:
            try:
                sent = self.socket.sendmsg(self.pending)
            except BlockingIOError:
                return False
            while self.pending and sent >= self.pending[0].nbytes:
                sent -= self.pending.popleft().nbytes
            if sent:
                self.pending[0] = self.pending[0][sent:]
        return True

    def drain(self, deadline_s: float) -> bool:
        """Send what is pending, waiting up to ``deadline_s``; False when it ran out."""
        end = time.monotonic() + deadline_s
        poller = select.poll()
        poller.register(self.socket, select.POLLOUT)
        while not self.flush():
            left = end - time.monotonic()
            if left <= 0 or not poller.poll(left * 1000):
                return False
        return True


class StreamHub:
    """All subscriptions by stream; the event loop feeds it, the simulation publishes to it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.on_pending: Callable[[Subscription], None] = lambda subscription: None
        self.on_gone: Callable[[Subscription], None] = lambda subscription: None
        self.pump: Callable[[float], None] = time.sleep
        self.latest_state: bytes = b""
        self._newest_stream = WORLD_STREAM
        self._expected_s: dict[int, float] = {}
        self._hushed_s: dict[Subscription, float] = {}
        self._by_stream: defaultdict[int, list[Subscription]] = defaultdict(list)

    def new_stream(self) -> int:
        """Return a stream number that was never used."""
        self._newest_stream += 1
        return self._newest_stream

    def token(self, stream_id: int) -> bytes:
        """Return what a client needs to listen to a stream."""
        return stream_token(stream_id, self.port)

    def expect(self, stream_id: int) -> None:
        """Note that a client asked for a stream's token: it is about to connect."""
        self._expected_s[stream_id] = time.monotonic() + CONNECT_DEADLINE_S

    def settle(self) -> None:
        """Let clients connect that are about to, so that they miss no frame from here on."""
        while self._expected_s:
            now_s = time.monotonic()
            left = {s: end for s, end in self._expected_s.items() if end > now_s}
            self._expected_s = left
            if left:
                self.pump(min(left.values()) - now_s)

    def has_listener(self, stream_id: int) -> bool:
        """Say whether anyone listens to the stream."""
        return bool(self._by_stream.get(stream_id))

    def subscribe(self, subscription: Subscription) -> None:
        """Add a subscription; a new listener of the world gets the latest state at once."""
        self._by_stream[subscription.stream_id].append(subscription)
        self._expected_s.pop(subscription.stream_id, None)
        if subscription.stream_id == WORLD_STREAM and self.latest_state:
            self._write(subscription, (self.latest_state,))

    def hush(self) -> None:
        """Tell present listeners of the world nothing for a moment, as a new episode begins.

        The client that asked for the episode drops its connection and makes another; a message of
        the new episode on the old connection can crash it. Listeners that stay hear the latest
        state when the moment is over.
        """
        end_s = time.monotonic() + HUSH_S
        self._hushed_s = dict.fromkeys(self._by_stream[WORLD_STREAM], end_s)

    def end_hush(self) -> None:
        """Speak again to listeners whose silence is over."""
        now_s = time.monotonic()
        for subscription in [s for s, end_s in self._hushed_s.items() if end_s <= now_s]:
            del self._hushed_s[subscription]
            self._write(subscription, (self.latest_state,))

    def unsubscribe(self, subscription: Subscription) -> None:
        """Forget a subscription; unknown ones are ignored."""
        self._hushed_s.pop(subscription, None)
        listeners = self._by_stream.get(subscription.stream_id, [])
        if subscription in listeners:
            listeners.remove(subscription)

    def publish(self, stream_id: int, parts: Sequence[Part], *, keep_all: bool) -> None:
        """Send one message to every listener of a stream.

        With ``keep_all`` (synchronous mode) a listener whose previous message is unsent is waited
        for, up to a deadline after which it is dropped; without, the message skips it.
        """
        for subscription in tuple(self._by_stream.get(stream_id, ())):
            if subscription in self._hushed_s:
                continue
            if subscription.pending:
                if not keep_all:
                    continue
                if not self._drained(subscription):
                    continue
            self._write(subscription, parts)

    def _drained(self, subscription: Subscription) -> bool:
        try:
            if subscription.drain(WRITE_DEADLINE_S):
                return True
            log.warning(
                "a listener of stream %d took nothing for %g s and was dropped",
                subscription.stream_id,
                WRITE_DEADLINE_S,
            )
        except OSError:
            pass
        self.on_gone(subscription)
        return False

    def _write(self, subscription: Subscription, parts: Sequence[Part]) -> None:
        try:
            subscription.write(parts)
        except OSError:
            self.on_gone(subscription)
            return
        if subscription.pending:
            self.on_pending(subscription)
