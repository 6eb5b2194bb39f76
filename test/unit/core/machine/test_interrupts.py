"""Who presses Ctrl-C while a program is still being imported sees no traceback."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from carla_nurec_bridge.cli.main import main
from carla_nurec_bridge.core.machine.interrupts import (
    deaf,
    handlers_kept,
    interrupt_once,
    terminate_as_interrupt,
)

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


ENDING = """
import os, signal, time
from carla_nurec_bridge.core.machine.interrupts import interrupt_once
interrupt_once()
try:
    os.kill(os.getpid(), signal.{first})
    time.sleep(60)
except KeyboardInterrupt:
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(os.getpid(), number)
    print("closed")
"""


@pytest.mark.parametrize("first", ["SIGINT", "SIGTERM"])
def test_who_is_ending_is_not_interrupted_again(first: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ENDING.format(first=first)],
        capture_output=True,
        text=True,
        timeout=250,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "closed\n", "")


def test_signals_are_heard_again_after_a_block_that_is_deaf() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        with deaf():
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM]


def test_a_request_to_end_interrupts_a_block_and_is_as_before_behind_it() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), terminate_as_interrupt():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == before


def test_what_a_verb_sets_does_not_outlive_it_in_the_process_of_another() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with handlers_kept():
        interrupt_once()
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
    assert main(["scene", "fit", "nowhere.usdz", "-o", "out.usdz"]) == 2
    assert signal.getsignal(signal.SIGTERM) == before
