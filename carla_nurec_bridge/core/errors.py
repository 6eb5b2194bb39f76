"""Errors of the package: sentences that say what went wrong, where, and how to fix it."""

import logging
import traceback
from pathlib import Path
from typing import Any

_log = logging.getLogger(__name__)


class BridgeError(Exception):
    """Base of every error this package raises on purpose; its text is meant for the user."""

    exit_code = 1


class InputError(BridgeError):
    """A file, argument, parameter or message from outside is not usable as given."""

    exit_code = 2


class ProtocolError(BridgeError):
    """A peer (CARLA, NuRec, Cosmos, a ROS node) answered something that its contract forbids."""


class DeadlineError(BridgeError):
    """A wait ran out; the text names what was waited for and for how long."""


class RunError(BridgeError):
    """A run ended before its time; the text names the part that failed."""


class RefusalError(BridgeError):
    """A caller asks for what cannot be done.

    * code: the status by which the caller's protocol says so.
    * reasons: a sentence for each thing that is wrong.
    """

    def __init__(self, code: Any, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.code = code
        self.reasons = reasons


class FaultError(BridgeError):
    """Something was raised that nobody foresaw; the text names what and where."""


def told(error: Exception) -> BridgeError:
    """Return an error as one whose text may be told to whoever asked for the work that raised it.

    One that nobody foresaw is logged with its traceback, and its text names the place.
    """
    if isinstance(error, BridgeError):
        return error
    place = ""
    for frame in traceback.extract_tb(error.__traceback__)[-1:]:
        place = f" in {Path(frame.filename).name}:{frame.lineno}"
    fault = FaultError(f"{type(error).__name__}{place}: {error}; a fault of this program")
    _log.error("%s", fault, exc_info=error)
    return fault
