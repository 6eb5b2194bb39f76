"""Ctrl-C while a program of ours is still being imported: it ends, and has nothing to say."""

from __future__ import annotations

import sys
from types import TracebackType


def end_quietly() -> None:
    """Show no traceback for a KeyboardInterrupt that nobody catches; others are shown as before.

    Once its work has begun, a program catches its interrupts itself.
    """
    shown = sys.excepthook

    def show(
        kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            shown(kind, error, traceback)

    sys.excepthook = show
