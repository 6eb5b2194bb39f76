"""TCP ports and ROS domains of this machine for what we start."""

from __future__ import annotations

import errno
import random
import socket
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ..errors import DeadlineError, InputError, RunError
from .shared_memory import port_files, remove_unused

_PORTS = range(20_000, 32_000)
_LEAST_PORTS, _LOWEST_PORT = 4_000, 2_000
_OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")
_TRIES = 200
_LOOK_AGAIN_S = 0.2
_KEPT_S = 300.0
_DOMAINS = range(10, 101)
_TAKEN = (errno.EADDRINUSE, errno.EACCES)
_chance = random.SystemRandom()  # whose numbers no seed of a run or a test repeats
_until_the_end = ExitStack()
_kept: deque[tuple[float, ExitStack]] = deque()


def free_port(*, pair: bool = False) -> int:
    """Return a TCP port of the loopback that is free now; with ``pair`` its next one is too.

    For five minutes no other program of this kind is given it, so that a server has the time to
    listen on it. It lies below the ports from which the system takes those of outgoing connections,
    so that none of them can have it before the server does, unless the system takes them all.
    RunError when 200 tries find none.
    """
    while _kept and time.monotonic() - _kept[0][0] > _KEPT_S:
        _kept.popleft()[1].close()
    with ExitStack() as held:
        port = held.enter_context(held_port(pair=pair))
        _kept.append((time.monotonic(), held.pop_all()))
    return port


def given_out() -> range:
    """Return the ports that are given out: as far as there are any, none of outgoing ones."""
    try:
        outgoing = int(_OUTGOING.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return _PORTS
    beyond = min(_PORTS.stop, outgoing)
    below = range(min(_PORTS.start, beyond - _LEAST_PORTS), beyond)
    return below if below.start >= _LOWEST_PORT else _PORTS


@contextmanager
def held_port(*, pair: bool = False) -> Iterator[int]:
    """Yield a port as ``free_port`` finds it that no other program of this kind finds meanwhile.

    It is a name, not the port, that is kept taken: our server can still listen on it.
    """
    for _ in range(_TRIES):
        port = _chance.choice(given_out())
        with ExitStack() as held:
            try:
                for number in (port, port + 1)[: 2 if pair else 1]:
                    held.enter_context(_held(f"port/{number}"))
                    with socket.socket() as probe:
                        probe.bind(("127.0.0.1", number))
            except OSError as error:
                if error.errno not in _TAKEN:
                    raise RunError(f"cannot look for a free TCP port: {error}") from error
                continue
            yield port
            return
    asked, wanted = given_out(), "pairs of TCP ports" if pair else "TCP ports"
    raise RunError(
        f"no free {wanted} from {asked[0]} to {asked[-1]} on this machine; end a program that "
        "listens there, or wait until one does"
    )


@contextmanager
def held_address(host: str, port: int, wait_s: float) -> Iterator[None]:
    """Be the only program of this kind on this machine that uses somebody's server.

    DeadlineError when another one uses it for longer than ``wait_s``, wall time.
    """
    deadline = time.monotonic() + wait_s
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(_held(f"address/{host}:{port}"))
                break
            except OSError as error:
                if error.errno not in _TAKEN:
                    raise RunError(f"cannot claim {host}:{port}: {error}") from error
                if time.monotonic() > deadline:
                    raise DeadlineError(
                        f"another run has used {host}:{port} for {wait_s:g} s; one server can "
                        "serve one run at a time"
                    ) from error
            time.sleep(_LOOK_AGAIN_S)
        yield


@contextmanager
def _held(name: str) -> Iterator[None]:
    """Keep a name taken among the programs of this machine; OSError when it is."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as holder:
        holder.bind(f"\0carla_nurec_bridge/{name}")  # unix(7): an abstract address, no file
        yield


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
    its second participant, its third, and so on. What killed processes have left of the domain in
    shared memory is removed: who finds such ports may write into one that nobody reads any more,
    and is then never discovered (eProsima/Fast-DDS#4728). RunError when every domain is in use.
    """
    for domain in _chance.sample(_DOMAINS, len(_DOMAINS)):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
            try:
                holder.bind(("", 7400 + 250 * domain + 10))
            except OSError as error:
                if error.errno not in _TAKEN:
                    raise RunError(f"cannot look for a free ROS domain: {error}") from error
                continue
            remove_unused(port_files(domain))
            yield domain
            return
    raise RunError(
        f"every ROS domain from {_DOMAINS[0]} to {_DOMAINS[-1]} is in use on this machine"
    )
