"""Ctrl-C and requests to end: said once, quietly, and never again while a program ends.

``ros2 launch`` hands on the SIGINT that the terminal has already sent to everybody, and follows it
with SIGTERM: whoever is not deaf by then is torn out of closing what it has written.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType, TracebackType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_Handler = Callable[[int, FrameType | None], object] | signal.Handlers


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
    with _handled_by(signal.SIG_IGN):
        yield


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let interruptions wait until the block has ended; in other threads none come anyway.

    Where the block has become deaf, the program stays so, and what has waited is forgotten.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def remember(number: int, _frame: FrameType | None) -> None:
        came.append(number)

    before = {number: signal.signal(number, remember) for number in _SIGNALS}
    try:
        yield
    finally:
        _handle({n: old for n, old in before.items() if signal.getsignal(n) is remember})
        for interruption in dict.fromkeys(came):
            signal.raise_signal(interruption)


@contextmanager
def terminate_as_interrupt() -> Iterator[None]:
    """Let SIGTERM raise KeyboardInterrupt, as Ctrl-C does, while the block runs."""
    with _handled_by(signal.default_int_handler, [signal.SIGTERM]):
        yield


@contextmanager
def handlers_kept() -> Iterator[None]:
    """Have signals handled after the block as before it, whatever it sets and leaves."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (*_SIGNALS, signal.SIGHUP)}
    try:
        yield
    finally:
        _handle(before)


def _handle(handlers: Mapping[signal.Signals, _Handler | int | None]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, signal.SIG_DFL if handler is None else handler)


@contextmanager
def _handled_by(handler: _Handler, signals: Sequence[signal.Signals] = _SIGNALS) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in signals}
    try:
        yield
    finally:
        _handle(before)
