"""Signs of life of a process towards the supervisor that started it.

The supervisor hands each child the write end of a pipe and names it in ``CNB_STATUS_FD``. The child
writes JSON lines there: ``{"beat": n}`` every half second, ``{"done": k, "total": n}`` when it
makes progress, ``{"leaves": code}`` when its work is done. When the supervisor has gone the child
ends itself, so that no run leaves orphans. A process that was started by hand has no such pipe, and
these functions do nothing.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import threading
from contextlib import suppress
from dataclasses import dataclass, field

from ..machine.last_words import last_words

STATUS_FD = "CNB_STATUS_FD"
BEAT_PERIOD_S = 0.5


@dataclass
class _Pipe:
    """The write end of the status pipe; None once the reader has gone or before ``start``."""

    fd: int | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, message: dict[str, int]) -> bool:
        """Write one line; return False when nobody reads it any more."""
        with self.lock:
            if self.fd is None:
                return False
            try:
                os.write(self.fd, json.dumps(message).encode() + b"\n")
            except BlockingIOError:
                return True  # the reader is busy; another beat follows one that is lost here
            except OSError:
                self.fd = None
                return False
            return True


_pipe = _Pipe()


def start() -> None:
    """Begin to beat from a daemon thread if a supervisor asked for it.

    A second call does nothing, and neither does one whose ``CNB_STATUS_FD`` is not open.
    """
    text = os.environ.get(STATUS_FD, "")
    if _pipe.fd is not None or not text.isdecimal():
        return
    try:
        os.set_blocking(int(text), False)
    except OSError:
        return
    _pipe.fd = int(text)
    threading.Thread(target=_beat, name="heartbeat", daemon=True).start()


def let_go() -> None:
    """Close the pipe in a process that was forked off: else it would hide the end of its parent."""
    text = os.environ.get(STATUS_FD, "")
    if text.isdecimal():
        with suppress(OSError):
            if stat.S_ISFIFO(os.fstat(int(text)).st_mode):  # not what has its number by now
                os.close(int(text))


def progress(done: int, total: int) -> None:
    """Tell the supervisor that ``done`` of ``total`` steps are finished."""
    _pipe.write({"done": done, "total": total})


def leaves(code: int) -> None:
    """Tell the supervisor that nothing is left to do, and what the exit code will be."""
    _pipe.write({"leaves": code})


def _beat() -> None:
    beat = 0
    pause = threading.Event()
    while _pipe.write({"beat": beat}):
        beat += 1
        pause.wait(BEAT_PERIOD_S)
    last_words("what started this process has gone, so it ends")
    os.kill(os.getpid(), signal.SIGTERM)
