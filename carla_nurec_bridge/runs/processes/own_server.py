"""Embedded servers that live as long as one verb needs them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from ...core.errors import DeadlineError, InputError, RunError
from ...core.machine.ports import free_port
from ...core.run_contract.run_config import RunConfig
from ...core.teardown import Teardown
from ...town.maps import find_maps
from ..config import checked_config
from ..graph import CARLA_SERVER, NUREC_SERVER, server_processes
from .child import Child

START_S = 300.0
"""How long an embedded server of a verb may take until it answers.

On a new machine it first compiles its kernels, 15 s of processor time, of which a busy
one gives little.
"""

GRACE_S = 5.0
"""How long a server may take to end once it is asked to."""

_POLL_S = 0.05


@contextmanager
def carla_of_map(map_name: str, seed: int, output: Path, verb: str) -> Iterator[tuple[str, int]]:
    """Start an embedded CARLA for ``verb`` in a map; yield its host and port.

    ``map_name`` is an OpenDRIVE file or a shipped map. ``output`` keeps what the server says, and
    goes when all went well, or when it was asked for what cannot be.
    """
    maps, name = find_maps(map_name, None)
    port = free_port(pair=True)
    asked = {
        "map": maps.path(name),
        "seed": seed,
        "nurec": False,
        "carla_port": port,
        "start_deadline_s": START_S,
    }
    run = checked_config(asked, verb)
    with _served(run, output, CARLA_SERVER):
        yield run.carla_host, port


@contextmanager
def nurec_of_scene(package: Path, output: Path, verb: str) -> Iterator[str]:
    """Start an embedded NuRec for ``verb`` with a scene package; yield its address.

    ``output`` keeps what the server says, and goes as that of ``carla_of_map``.
    """
    port = free_port()
    asked = {
        "run_dir": output.parent,
        "scene": package,
        "nurec_port": port,
        "embedded_carla": False,
        "start_deadline_s": START_S,
    }
    run = checked_config(asked, verb)
    with _served(run, output, NUREC_SERVER):
        yield f"127.0.0.1:{port}"


@contextmanager
def own_carla(run: RunConfig, output: Path) -> Iterator[None]:
    """Start the embedded CARLA of a run as ``started_server``, and stop it at the end."""
    with _running(run, output, CARLA_SERVER):
        yield


@contextmanager
def _served(run: RunConfig, output: Path, name: str) -> Iterator[None]:
    """Run a server for as long; what it said stays only where the fault may be its own."""
    try:
        with _running(run, output, name):
            yield
    except (InputError, KeyboardInterrupt):
        output.unlink(missing_ok=True)
        raise
    output.unlink(missing_ok=True)


@contextmanager
def _running(run: RunConfig, output: Path, name: str) -> Iterator[None]:
    with Teardown() as teardown:
        server = started_server(run, output, name)
        teardown.add(name, partial(server.end, GRACE_S))
        yield


def started_server(run: RunConfig, output: Path, name: str) -> Child:
    """Start a server of a run and return it once it is ready; ``output`` keeps what it says.

    RunError when it ends at once, DeadlineError when it is not ready in time.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    process = next(p for p in server_processes(run) if p.name == name)
    child = Child(process, output)
    try:
        _wait_ready(child, run.start_deadline_s)
    except BaseException as error:
        Teardown.in_order((name, partial(child.end, GRACE_S))).close_after(error)
        raise
    return child


def _wait_ready(child: Child, deadline_s: float) -> None:
    deadline = time.monotonic() + deadline_s
    while not child.ready:
        child.listen(lambda *_: None)
        if child.code() == InputError.exit_code:
            raise InputError(child.last_error().partition("error: ")[2])
        if child.code() is not None:
            raise RunError(f"{child.name} {child.how_it_ended()}; its log: {child.log}")
        if time.monotonic() > deadline:
            raise DeadlineError(f"{child.name} was not ready within {deadline_s:g} s")
        time.sleep(_POLL_S)
