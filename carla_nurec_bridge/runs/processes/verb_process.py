"""A verb of ``carla-nurec`` run to its end in a process of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from ...core.errors import InputError, RunError
from ...core.teardown import Teardown
from ..graph import Process, verb_argv
from ..supervisor import HEARTBEAT_DEADLINE_S
from .child import Child

_POLL_S = 0.05
_GRACE_S = 10.0
_WORKS_S = 600.0
"""For how long a verb that works counts as alive without telling how far it is, wall time.

It may load for a minute on a busy machine, and some of its steps are not told one by one.
"""


def run_verb(
    name: str,
    verb: tuple[str, ...],
    log: Path,
    env: Mapping[str, str],
    on_progress: Callable[[int, int], None],
) -> None:
    """Run a verb with its options; what it says goes into ``log``, ``env`` adds to ours.

    InputError or RunError with what it said when it fails, RunError when it falls silent.
    """
    child = Child(Process(name, verb_argv(verb), env, None, True), log, _WORKS_S)
    with Teardown() as teardown:
        teardown.add(f"the {name}", partial(child.end, _GRACE_S))
        while child.code() is None:
            child.listen(on_progress)
            if child.silent_s() > HEARTBEAT_DEADLINE_S:
                raise RunError(
                    f"the {name} gave no sign of life for {child.silent_s():.1f} s; its log: {log}"
                )
            time.sleep(_POLL_S)
    if child.code() == InputError.exit_code:
        raise InputError(child.last_error().partition("error: ")[2])
    if child.code() != 0:
        raise RunError(f"the {name} {child.how_it_ended()}; its log: {log}")
