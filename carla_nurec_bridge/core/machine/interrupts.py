"""Ctrl-C and requests to end: said once, quietly, and never again while a program ends.

``ros2 launch`` hands on the SIGINT that the terminal has already sent to everybody, and follows it
with SIGTERM: whoever is not deaf by then is torn out of closing what it has written.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def end_quietly() -> None:
    """Show no traceback for a KeyboardInterrupt that nobody catches; others are shown as before.

    Meant for the time in which a program is imported; later it catches its interrupts itself.
    """
    shown = sys.excepthook

    def show(
        kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            shown(kind, error, traceback)

    sys.excepthook = show


def interrupt_once() -> None:
    """Let the first SIGINT or SIGTERM raise KeyboardInterrupt, and those after it do nothing.

    A SIGINT that the process was started deaf to, as a shell does it for ``program &``, stays so.
    """

    def interrupt(number: int, _frame: FrameType | None) -> None:
        be_deaf()
        raise KeyboardInterrupt(signal.strsignal(number))

    for number in _SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, interrupt)


def be_deaf() -> None:
    """Ignore SIGINT and SIGTERM from now on: the program is ending."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def deaf() -> Iterator[None]:
    """Ignore SIGINT and SIGTERM while the block runs; main thread only."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
