"""What the processes of runs load, loaded once for all that a command starts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from ...core.machine.forked import fork_server
from ...core.run_contract.streams import PARTICIPANTS
from ..graph.environment import process_environment

_PACKAGE = __package__.partition(".")[0]
_FIRST = (
    f"{_PACKAGE}.cli.carla.serve",
    f"{_PACKAGE}.servers.carla.server",
    # What most processes come to need although they put it off: the ground of a map.
    "scipy.ndimage",
    "scipy.spatial",
    # With the first machine code that is read numba loads most of itself, in half a second.
    f"{_PACKAGE}.cosmos.kernels.ready:make_ready",
)
"""What a run's first program needs, the CARLA server, which takes a second to read its map."""
_THEN = (
    f"{_PACKAGE}.cli.rehearse",
    *(f"{_PACKAGE}.nodes.{name}" for name in PARTICIPANTS),
    f"{_PACKAGE}.cli.nurec.serve",
    f"{_PACKAGE}.servers.nurec.server",
)


@contextmanager
def preloaded() -> Iterator[None]:
    """Have the processes that the block starts forked from one that has loaded their libraries.

    It loads beside the block, which goes on at once.
    """
    with fork_server(_FIRST, {**os.environ, **process_environment()}, _THEN):
        yield
