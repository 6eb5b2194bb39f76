"""Keep a library from making this process more important than the rest of the machine."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

_THREADS = Path("/proc/self/task")


@contextlib.contextmanager
def scheduling_kept() -> Iterator[None]:
    """Give the calling thread, and threads started meanwhile, the scheduling that it had before.

    SVT-AV1 takes the highest real-time priority for all of them where the user is root, as in
    most containers; nothing else on those cores would run while a video is encoded, and every
    process started later would inherit it.
    """
    policy, parameter = os.sched_getscheduler(0), os.sched_getparam(0)
    before = set(_THREADS.iterdir())
    try:
        yield
    finally:
        for thread in (0, *(int(path.name) for path in set(_THREADS.iterdir()) - before)):
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                if os.sched_getscheduler(thread) != policy:
                    os.sched_setscheduler(thread, policy, parameter)
