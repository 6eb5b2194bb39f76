"""What a process says as it ends, where that does not keep it from ending."""

from __future__ import annotations

import os
import select
from contextlib import suppress

_STDERR = 2


def last_words(text: str) -> None:
    """Write a line to standard error, unless nobody would take it now; fit for signal handlers."""
    with suppress(OSError, ValueError):  # nobody reads any more, or it is closed
        if select.select([], [_STDERR], [], 0.0)[1]:
            os.write(_STDERR, f"{text}\n".encode())
