"""Opening a port, with words for the ways in which that fails."""

from __future__ import annotations

import errno
import socket

from ....core.errors import InputError


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket; InputError when the port is taken or the host is not ours."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise InputError(
                f"port {port} of {host} is in use; stop what listens there or pass another --port"
            ) from error
        raise InputError(f"cannot listen on {host}:{port}: {error}") from error
    listener.setblocking(False)
    return listener


def check_ports(host: str, port: int) -> None:
    """Raise InputError unless both the call port and the stream port above it are free."""
    for number in (port, port + 1):
        listen(host, number).close()
