"""TCP ports of this machine for servers that we start."""

from __future__ import annotations

import random
import socket

from .errors import RunError

_LOWEST, _BEYOND = 20_000, 32_000
_TRIES = 200


def free_port(*, pair: bool = False) -> int:
    """Return a TCP port of the loopback that is free now; with ``pair`` its next one is too.

    It lies below the range from which the system takes ports for outgoing connections, so that
    none of those can take it before the server does. RunError when 200 tries find none.
    """
    for _ in range(_TRIES):
        port = random.randrange(_LOWEST, _BEYOND)
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("127.0.0.1", port))
                if pair:
                    second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise RunError(f"no free TCP ports from {_LOWEST} to {_BEYOND} on this machine")
