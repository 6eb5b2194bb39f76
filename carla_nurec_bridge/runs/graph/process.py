"""One process of a run, as it is to be started."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

END_DEADLINE_S = 10.0
RECORDER_CLOSING_S = 60.0  # the rest of its videos is encoded and the bag indexed


@dataclass(frozen=True)
class Process:
    """One process of a run.

    ``participant`` processes end by themselves when the run ends, the others are servers that
    print a line beginning with ``ready_line``, or guests: programs of a user, which may end with
    code 0 at any time. ``params`` is the parameter file of a ROS node. ``leave_s`` is the wall time
    that it has once the run is over, ``closing_s`` what it has once it is asked to end; then it is
    killed.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    ready_line: str | None
    participant: bool
    params: Path | None = None
    leave_s: float = END_DEADLINE_S
    closing_s: float = END_DEADLINE_S
    guest: bool = False


def verb_argv(verb: Sequence[str]) -> tuple[str, ...]:
    """Return the command line that runs a verb of ``carla-nurec`` with its options."""
    return (sys.executable, "-m", "carla_nurec_bridge.cli.main", *verb)
