"""A process that has loaded what the processes of a run need, and forks them off.

A run is a handful of Python programs that load the same libraries, a second of processor time each.
Here they are loaded once; a program then starts in milliseconds and shares that memory. What forks
has no threads but those of a tracing library, asleep, and holds no ROS context, no CARLA client, no
GPU: only loaded modules.

One connection is one program. The server says in a JSON line what it is like and gets one that says
what the program is, beside its files. The forked process answers with its process id, the server
later with how it ended. ``forked`` has the other end.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import select
import signal
import socket
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from types import FrameType
from typing import Any, NamedTuple

from .forked_program import ForkedProgram, close_files
from .inherited import likeness

LISTENING_FD, LIFELINE_FD = "CNB_FORK_LISTENING_FD", "CNB_FORK_LIFELINE_FD"
ROOM_FOR_TITLES = 4096
"""So long a command line the server itself is given, that those of its programs have room."""

THEN = "--"
"""Among what the server is to load: what comes after it is not there for the first program."""

FILES = 16
"""So many files a program may be handed, its outputs among them."""

_LONGEST_REQUEST = 1 << 20
_REQUEST_S = 10.0
_PAUSE_S = 0.05
_PR_SET_CHILD_SUBREAPER = 36
"""See prctl(2)."""


class ForkServer:
    """Forks a program for each connection to ``listening`` until ``lifeline`` is closed.

    ``likeness`` is what the server was started as: loading may change variables.
    """

    def __init__(
        self, listening: socket.socket, lifeline: int, likeness: Mapping[str, Any]
    ) -> None:
        self._listening = listening
        self._lifeline = lifeline
        self._likeness = _line(likeness)
        self._connections: dict[int, socket.socket] = {}

    def serve(self, then: Sequence[str]) -> ForkedProgram | None:
        """Return the program that this process has been forked to be; None at the server's end.

        * then: what is loaded until somebody asks, and before a second one is answered; see
          ``_load``.
        """
        waiting = list(then)
        listening = self._listening.fileno()
        woken, wake = os.pipe()
        for end in (woken, wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _notice)
        while True:
            # One program may go before all is there; others would load the same, each by itself.
            heard = [] if waiting and self._connections else [listening]
            timeout_s = 0.0 if waiting else None
            ready, _, _ = select.select([*heard, self._lifeline, woken], [], [], timeout_s)
            if not ready:
                _load(waiting.pop(0))
                if not waiting:
                    _keep()
            if self._lifeline in ready:
                return None
            if woken in ready:
                os.read(woken, 4096)
                self._bury()
            if listening in ready:
                program = self._fork()
                if program is not None:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    for end in (woken, wake, self._lifeline):
                        os.close(end)
                    return program

    def _fork(self) -> ForkedProgram | None:
        """Answer one connection; return the program in the process that is to be it."""
        try:
            connection, _ = self._listening.accept()
        except OSError:  # who asks waits, until there are descriptors again
            time.sleep(_PAUSE_S)
            return None
        files: list[int] = []
        try:
            if peer(connection).user != os.getuid():
                raise ValueError("a request of another user")
            connection.settimeout(_REQUEST_S)
            connection.sendall(self._likeness)
            program = ForkedProgram(**_received(connection, files), files=files)
            if len(program.numbers) != len(files):
                raise ValueError("files were lost on the way: there are too many")
            pid = os.fork()
        except (OSError, ValueError, TypeError):
            close_files(files)
            with connection, suppress(OSError):  # who asked starts it by itself, or has gone
                connection.sendall(_line({"pid": None}))
            return None
        if pid == 0:
            _tell(connection)
            for other in (self._listening, connection, *self._connections.values()):
                other.close()
            return program
        self._connections[pid] = connection
        close_files(files)
        return None

    def _bury(self) -> None:
        """Tell of the programs that have ended, and how."""
        with suppress(ChildProcessError):
            while True:
                pid, status, used = os.wait4(-1, os.WNOHANG)
                if pid == 0:
                    return
                connection = self._connections.pop(pid, None)
                if connection is None:
                    continue
                code, cpu_s = os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime
                with connection, suppress(OSError):
                    connection.sendall(_line({"code": code, "cpu_s": cpu_s}))


def _line(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"


def _tell(connection: socket.socket) -> None:
    """Have a session of our own, and tell who asked for us our process id; end when it has gone.

    In this order: whoever knows the id signals the group that has it.
    """
    os.setsid()
    try:
        connection.sendall(_line({"pid": os.getpid()}))
    except OSError:
        os._exit(1)


def _received(connection: socket.socket, files: list[int]) -> dict[str, Any]:
    """Return a request, and add its files to ``files``; ValueError for what is none."""
    text, handed, _, _ = socket.recv_fds(connection, 65536, FILES)
    files += handed
    while not text.endswith(b"\n"):
        more = connection.recv(65536)
        if not more or len(text) > _LONGEST_REQUEST:
            raise ValueError("a request without an end")
        text += more
    request: dict[str, Any] = json.loads(text)
    return request


class Peer(NamedTuple):
    """The process at the other end of a unix socket, and whose it is."""

    pid: int
    user: int
    group: int


def peer(connection: socket.socket) -> Peer:
    """Return who is at the other end; see unix(7), SO_PEERCRED."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return Peer(*memoryview(raw).cast("i"))


def _notice(_number: int, _frame: FrameType | None) -> None:
    """Let a signal wake the server."""


def _load(name: str) -> None:
    """Load a module; with a function, given as MODULE:FUNCTION, call that as well.

    What lacks a library is left to tell so when it is started.
    """
    module, _, function = name.partition(":")
    with suppress(ImportError, OSError):  # OSError: a library's own shared object is missing
        loaded = import_module(module)
        if function:
            getattr(loaded, function)()


def _keep() -> None:
    """Take all that is loaded out of what Python looks through for garbage, here and in forks."""
    gc.collect()
    gc.freeze()


def main() -> None:
    """Serve on the listening socket that was handed on, with the modules of the command line."""
    listening = socket.socket(fileno=int(os.environ.pop(LISTENING_FD)))
    lifeline = int(os.environ.pop(LIFELINE_FD))
    like = likeness(os.environ)
    what = sys.argv[1:-1]
    first, then = what[: what.index(THEN)], what[what.index(THEN) + 1 :]
    # Whoever a killed program leaves is handed to us, to be waited for: not all inits do it soon.
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for name in first:
        _load(name)
    _keep()
    # Python 3.12 warns of threads where one forks; those here are the tracing library's, asleep.
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    program = ForkServer(listening, lifeline, like).serve(then)
    if program is not None:
        program.become()


if __name__ == "__main__":
    main()
