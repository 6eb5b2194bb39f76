"""One writer at a time: locks that end with who holds them, however that ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import DeadlineError

_LOOK_AGAIN_S = 0.05


@contextmanager
def locked(path: Path, wait_s: float, whose: str) -> Iterator[None]:
    """Hold the lock of a file, which is made; DeadlineError when another holds it too long.

    Args:
        path: the file; its content is left alone.
        wait_s: how long another may hold it, in seconds; 0 to ask once.
        whose: the beginning of the sentence that refuses, as "another command writes out/set".
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        deadline = time.monotonic() + wait_s
        while not _try(handle):
            if time.monotonic() >= deadline:
                waited = f" for {wait_s:g} s" if wait_s else ""
                raise DeadlineError(f"{whose}{waited}; try again when it is done")
            time.sleep(_LOOK_AGAIN_S)
        yield
    finally:
        os.close(handle)


def is_held(path: Path) -> bool:
    """Return whether somebody holds the lock of a file; nobody holds one that is not there."""
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        return not _try(handle)
    finally:
        os.close(handle)


def _try(handle: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
