"""Pieces of work for workers in other processes, which import them from here."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from carla_nurec_bridge.core.errors import InputError
from carla_nurec_bridge.core.work.workers import WorkListener


def own_id(listener: WorkListener) -> int:
    """Return who does this."""
    return os.getpid()


def refuse(listener: WorkListener) -> None:
    """Fail in a sentence."""
    raise InputError("there is no map nowhere.xodr")


def die(listener: WorkListener) -> None:
    """End as the system ends processes when memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)


def wait_long(begun: Path, ended: Path, listener: WorkListener) -> None:
    """Take ten minutes; say in a file that it began, in another that it was ended."""
    begun.touch()
    try:
        time.sleep(600.0)
    finally:
        ended.touch()
