"""TCP ports and ROS domains of this machine for what we start."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from .errors import InputError, RunError

_LOWEST, _BEYOND = 20_000, 32_000
_TRIES = 200
_DOMAINS = range(10, 101)
_until_the_end = ExitStack()


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


def check_free(host: str, port: int) -> None:
    """Raise InputError unless the address can be bound; gRPC's own message does not say why."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except OSError as error:
            raise InputError(
                f"cannot listen on {host}:{port}: {error.strerror or error}; "
                "use another --port or stop the program that has it"
            ) from error


def own_domain() -> int:
    """Return a ROS domain as ``held_domain`` finds it; it is ours until we end."""
    return _until_the_end.enter_context(held_domain())


@contextmanager
def held_domain() -> Iterator[int]:
    """Yield a ROS domain (10 to 100) in which nobody takes part; it is ours until this is left.

    The port on which the first participant of a domain listens (DDSI-RTPS 9.6.1) is kept taken, so
    that no other program of this kind finds the domain free before our nodes are there; they are
    its second participant, its third, and so on. RunError when every domain is in use.
    """
    for domain in random.sample(_DOMAINS, len(_DOMAINS)):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
            try:
                holder.bind(("", 7400 + 250 * domain + 10))
            except OSError:
                continue
            yield domain
            return
    raise RunError(
        f"every ROS domain from {_DOMAINS[0]} to {_DOMAINS[-1]} is in use on this machine"
    )
