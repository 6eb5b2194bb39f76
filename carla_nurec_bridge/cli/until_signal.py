"""Servers of the command line run until a signal ends them, and say which one did."""

from __future__ import annotations

import faulthandler
import os
import signal
import threading
from collections.abc import Callable, Iterable
from types import FrameType

from ..core.machine.last_words import last_words

_STDERR = 2
_ENDS = {
    signal.SIGTERM: "kill, or the end of what started it",
    signal.SIGINT: "Ctrl-C",
    signal.SIGHUP: "its terminal was closed",
}


def stop_on_signal(*, in_words: bool = False) -> threading.Event:
    """Return an event that SIGTERM and SIGINT set from now on, in place of what they did.

    A server's log says so ``in_words``, and where native code crashes; SIGHUP sets it, too.
    """
    stop = threading.Event()
    if in_words:
        die_in_words()
        stop_in_words(stop.set)
    else:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
    return stop


def die_in_words() -> None:
    """Let the log say from now on which signal ends the process, and where native code crashes.

    Signals do what they do by themselves; Ctrl-C stays Python's.
    """
    if not faulthandler.is_enabled():
        faulthandler.enable(_STDERR)

    def die(number: int) -> None:
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    _handle((signal.SIGTERM, signal.SIGHUP), die)


def stop_in_words(stop: Callable[[], object]) -> None:
    """Call ``stop`` when a signal is to end the process, and let the log say which."""
    _handle(_ENDS, lambda _: stop())


def _handle(signals: Iterable[signal.Signals], act: Callable[[int], object]) -> None:
    def on_signal(number: int, _frame: FrameType | None) -> None:
        last_words(f"ended by {signal.Signals(number).name} ({_ENDS[signal.Signals(number)]})")
        act(number)

    for number in signals:
        # nohup ignores the end of the terminal, and so does who is started by it.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, on_signal)
