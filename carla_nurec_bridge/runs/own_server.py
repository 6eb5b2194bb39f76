"""Embedded servers that live as long as one verb needs them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..core.errors import DeadlineError, InputError, RunError
from ..core.run_contract.run_config import RunConfig
from .child import Child
from .graph import CARLA_SERVER, server_processes

_POLL_S = 0.05


@contextmanager
def own_carla(run: RunConfig, output: Path) -> Iterator[None]:
    """Start the embedded CARLA of a run, as ``own_server``."""
    with own_server(run, output, CARLA_SERVER):
        yield


@contextmanager
def own_server(run: RunConfig, output: Path, name: str) -> Iterator[None]:
    """Start a server of a run and stop it at the end; ``output`` keeps what it says.

    RunError when it ends at once, DeadlineError when it is not ready in time.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    process = next(p for p in server_processes(run) if p.name == name)
    child = Child(process, output)
    try:
        _wait_ready(child, run.start_deadline_s)
        yield
    finally:
        child.terminate()
        child.close(grace_s=5.0)


def _wait_ready(child: Child, deadline_s: float) -> None:
    deadline = time.monotonic() + deadline_s
    while not child.ready:
        child.listen(lambda *_: None)
        if child.code() == InputError.exit_code:
            raise InputError(child.last_error().partition("error: ")[2])
        if child.code() is not None:
            raise RunError(f"{child.name} ended with code {child.code()}: {child.last_error()}")
        if time.monotonic() > deadline:
            raise DeadlineError(f"{child.name} was not ready within {deadline_s:g} s")
        time.sleep(_POLL_S)
