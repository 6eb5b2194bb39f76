"""A server's process says why it ends, while it starts and while it serves."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

START = """
import os, signal, sys, threading
from carla_nurec_bridge.cli.until_signal import die_in_words, stop_in_words, stop_on_signal
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whatever who runs the tests is deaf to
"""
KILL = "os.kill(os.getpid(), int(sys.argv[1]))"
STARTING = f"die_in_words(); {KILL}; print('went on')"
SERVING = f"die_in_words(); stop_in_words(lambda: print('stopped')); {KILL}"
EVENT = f"stop = stop_on_signal(in_words=True); {KILL}; print('stopped' if stop.is_set() else '')"


def _end(what: str, number: int) -> tuple[int, str, str]:
    argv = [sys.executable, "-c", START + what, str(int(number))]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (signal.SIGTERM, "ended by SIGTERM (kill, or the end of what started it)\n"),
        (signal.SIGHUP, "ended by SIGHUP (its terminal was closed)\n"),
    ],
)
def test_a_server_that_is_ended_says_by_what(number: signal.Signals, words: str) -> None:
    assert _end(STARTING, number) == (-number, "", words)
    assert _end(SERVING, number) == (0, "stopped\n", words)
    assert _end(EVENT, number) == (0, "stopped\n", words)


def test_a_crash_of_native_code_says_where() -> None:
    code, _, said = _end(f"def crashes(): {KILL}\ndie_in_words(); crashes()", signal.SIGSEGV)
    assert code == -signal.SIGSEGV
    assert "Fatal Python error: Segmentation fault" in said
    assert "in crashes" in said


def test_who_was_started_deaf_to_the_end_of_the_terminal_stays_so() -> None:
    ignore = "signal.signal(signal.SIGHUP, signal.SIG_IGN);"
    for what in (STARTING, f"{SERVING}; print('went on')"):
        assert _end(ignore + what, signal.SIGHUP) == (0, "went on\n", "")
