"""Run a user's agent as a process of a run: ``python -m ...agent_process COMMAND ...``.

It beats for the agent, which knows nothing of supervisors, and ends it with all that it started.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from types import FrameType

from ...core.errors import InputError
from ...core.run_contract import heartbeat

GRACE_S = 5
"""How long an agent may take to end once it is asked to."""


def main(command: Sequence[str]) -> int:
    """Run a command to its end; return its exit code, or end by the signal that ended it."""
    heartbeat.start()
    try:
        agent = subprocess.Popen(command)
    except OSError as error:
        sys.stderr.write(f"error: cannot start {command[0]}: {error.strerror}\n")
        return InputError.exit_code

    def end(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)
        os.killpg(os.getpgrp(), number)
        signal.alarm(GRACE_S)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    signal.signal(signal.SIGALRM, lambda *_: os.killpg(os.getpgrp(), signal.SIGKILL))
    code = agent.wait()
    if code < 0:
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
