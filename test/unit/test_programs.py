"""Programs that tests start end with them."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

_STARTS_AND_IS_KILLED = """
import os, signal, sys
from programs import Program
program = Program("0", module="http.server")
print(program.pid, flush=True)
sys.stdin.readline()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_program_ends_with_the_killed_process_that_started_it(forked_programs: None) -> None:
    tests = Path(__file__).parents[1]
    with subprocess.Popen(
        [sys.executable, "-c", _STARTS_AND_IS_KILLED],
        env={**os.environ, "PYTHONPATH": str(tests)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as starting:
        assert starting.stdin
        assert starting.stdout
        program = os.pidfd_open(int(starting.stdout.readline()))
        try:
            assert not select.select([program], [], [], 0.0)[0]
            starting.stdin.write("\n")
            starting.stdin.flush()
            assert starting.wait(60.0) == -signal.SIGKILL
            assert select.select([program], [], [], 60.0)[0]
        finally:
            os.close(program)
