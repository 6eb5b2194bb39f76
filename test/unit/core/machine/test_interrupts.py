"""Who presses Ctrl-C while a program is still being imported sees no traceback."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

RAISE = "import carla_nurec_bridge.{part}\nraise {error}"


@pytest.mark.parametrize("part", ["cli", "nodes"])
def test_an_early_interrupt_ends_the_program_and_an_error_is_shown(part: str) -> None:
    done = [
        subprocess.run(
            [sys.executable, "-c", RAISE.format(part=part, error=error)],
            capture_output=True,
            text=True,
            timeout=250,
        )
        for error in ("KeyboardInterrupt", "ValueError('of ours')")
    ]
    assert done[0].returncode == -signal.SIGINT
    assert done[0].stderr == ""
    assert done[1].returncode == 1
    assert "ValueError: of ours" in done[1].stderr
