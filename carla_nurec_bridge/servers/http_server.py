"""An ASGI application served by a thread of its own, on a port that is taken at once."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import uvicorn

from ..core.errors import DeadlineError, InputError

_START_S = 20.0
_DRAIN_S = 2
_END_S = 30.0

log = logging.getLogger(__name__)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket bound to the address, port 0 a free one; InputError when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise InputError(
            f"cannot listen on {host}:{port}: {error.strerror}; take another --port"
        ) from error
    return listener


class HttpServer:
    """Serves one application from ``start`` to ``close``; closing twice does no harm."""

    def __init__(self, app: Any, listener: socket.socket, name: str) -> None:
        """Prepare; ``name`` is the thread's. The listener is this object's from now on."""
        self._socket = listener
        self.port = int(listener.getsockname()[1])
        config = uvicorn.Config(
            app,
            log_level="warning",
            lifespan="off",
            timeout_graceful_shutdown=_DRAIN_S,
            timeout_keep_alive=30,
        )
        self._uvicorn = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._cut_off: Callable[[], object] = lambda: None

    def start(self) -> None:
        """Serve; returns once connections are taken, DeadlineError when that takes too long."""
        self._thread.start()
        waited = threading.Event()
        for _ in range(int(_START_S / 0.01)):
            if self._uvicorn.started:
                return
            waited.wait(0.01)
        raise DeadlineError(f"the HTTP server did not start within {_START_S:g} s")

    def stop(self) -> None:
        """Take no more requests; those that are answered now may end."""
        self._uvicorn.should_exit = True

    def close(self) -> None:
        """Stop, wait for the thread, and give the port back; what does not end is cut off."""
        self.stop()
        if self._thread.is_alive():
            self._thread.join(_END_S)
        if self._thread.is_alive():
            log.warning("%s did not end within %g s and is cut off", self._thread.name, _END_S)
            with suppress(RuntimeError):  # of a loop that has ended by itself meanwhile
                self._cut_off()
            self._thread.join(_END_S)
        self._socket.close()

    def _run(self) -> None:
        with suppress(asyncio.CancelledError):
            asyncio.run(self._serve())

    async def _serve(self) -> None:
        loop, serving = asyncio.get_running_loop(), asyncio.current_task()
        assert serving is not None
        self._cut_off = lambda: loop.call_soon_threadsafe(serving.cancel)
        await self._uvicorn.serve(sockets=[self._socket])


def url_of(host: str, port: int) -> str:
    """Return the address of a server for clients on its own machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach a server that listens there."""
    return host in ("127.0.0.1", "localhost", "::1")
