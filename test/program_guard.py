"""Ends programs when the process of tests that started them has ended, also by SIGKILL.

A program of its own: it reads their process ids, a line each, which are those of their groups,
until its input ends. It knows a program by its pidfd: nobody else is taken for one that has ended.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from contextlib import suppress

_ASKED_S = 10.0
"""So long a program may take to end what it has started itself."""


def _living(programs: dict[int, int]) -> dict[int, int]:
    """Return those that run, of programs {process id: pidfd}; close the pidfds of the others."""
    ended = select.select(programs.values(), [], [], 0.0)[0]
    for pidfd in ended:
        os.close(pidfd)
    return {pid: pidfd for pid, pidfd in programs.items() if pidfd not in ended}


def main() -> None:
    """Listen to the end, then end who runs."""
    programs: dict[int, int] = {}
    for line in sys.stdin:
        programs = _living(programs)
        with suppress(ProcessLookupError):
            programs[int(line)] = os.pidfd_open(int(line))
    for number, patience_s in ((signal.SIGTERM, _ASKED_S), (signal.SIGKILL, 0.0)):
        programs = _living(programs)
        for pid in programs:
            with suppress(ProcessLookupError):
                os.killpg(pid, number)
        until_s = time.monotonic() + patience_s
        while programs and time.monotonic() < until_s:
            time.sleep(0.02)
            programs = _living(programs)


if __name__ == "__main__":
    main()
