"""A process that has loaded what the processes of a run need, and forks them off.

A run is a handful of Python programs that load the same libraries, a second of processor time each.
Here they are loaded once; a program then starts in milliseconds and shares that memory. What forks
is single-threaded, and holds no ROS context, no CARLA client, no GPU: only loaded modules.

One connection is one program. The server says in a JSON line what it is like, gets one that says
what the program is, beside its files, and answers with its process id and, later, with how it
ended. ``forked`` has the other end.
"""

from __future__ import annotations

import ctypes
import fcntl
import gc
import json
import os
import resource
import runpy
import select
import signal
import socket
import sys
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

LISTENING_FD, LIFELINE_FD = "CNB_FORK_LISTENING_FD", "CNB_FORK_LIFELINE_FD"
ROOM_FOR_TITLES = 4096
"""So long a command line the server itself is given, that those of its programs have room."""

FILES = 16
"""So many files a program may be handed, its outputs among them."""

_READ_AT_START = ("PYTHON", "LD_", "MALLOC_", "GLIBC_", "NUMBA_", "OMP_", "OPENBLAS_", "MKL_")
_LIBRARIES = "LD_LIBRARY_PATH"
_READ_LATER = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS")
_NAMESPACES = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")
_LIMITS = {name: number for name, number in vars(resource).items() if name.startswith("RLIMIT_")}
_IGNORABLE = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)
_LONGEST_REQUEST = 1 << 20
_REQUEST_S = 10.0


def likeness(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return what a forked program has of the server, and cannot be given anew.

    A program that would have another interpreter, package, machine (as containers divide it), or
    other variables that libraries read while they are loaded, must be started by itself.
    """
    read = {
        name: _folders(value) if name == _LIBRARIES else value
        for name, value in environment.items()
        if name.startswith(_READ_AT_START) and name not in _READ_LATER
    }
    spaces = {name: str(Path(f"/proc/self/ns/{name}").readlink()) for name in _NAMESPACES}
    package = str(Path(__file__).parents[2])
    return {"executable": sys.executable, "package": package, "read": read, "spaces": spaces}


def _folders(path: str) -> list[str]:
    """Return the folders that there are of a search path, once each: OpenCV adds some that are not.

    It does so whenever it is loaded, to the variables of its process.
    """
    there = (str(Path(one).resolve()) for one in path.split(os.pathsep) if Path(one).is_dir())
    return list(dict.fromkeys(there))


def surroundings() -> dict[str, Any]:
    """Return what a started program inherits of this process, and a forked one must be given."""
    return {
        "cwd": str(Path.cwd()),
        "limits": {name: resource.getrlimit(number) for name, number in _LIMITS.items()},
        "cores": sorted(os.sched_getaffinity(0)),
        "niceness": os.nice(0),
        "ignored": [n.value for n in _IGNORABLE if signal.getsignal(n) == signal.SIG_IGN],
    }


@dataclass(frozen=True)
class _Program:
    """What a forked process becomes: a module with arguments, its variables and files.

    ``files`` are open files, in the order of the ``numbers`` that the program knows them by.
    """

    module: str
    arguments: list[str]
    environment: dict[str, str]
    surroundings: dict[str, Any]
    numbers: list[int]
    files: list[int]


class ForkServer:
    """Forks a program for each connection to ``listening`` until ``lifeline`` is closed.

    ``likeness`` is what the server was started as: loading may change variables.
    """

    def __init__(
        self, listening: socket.socket, lifeline: int, likeness: Mapping[str, Any]
    ) -> None:
        self._listening = listening
        self._lifeline = lifeline
        self._likeness = json.dumps(likeness).encode() + b"\n"
        self._connections: dict[int, socket.socket] = {}

    def serve(self) -> _Program | None:
        """Return the program that this process has been forked to be; None at the server's end."""
        listening = self._listening.fileno()
        woken, wake = os.pipe()
        for end in (woken, wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _notice)
        while True:
            ready, _, _ = select.select([listening, self._lifeline, woken], [], [])
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

    def _fork(self) -> _Program | None:
        """Answer one connection; return the program in the process that is to be it."""
        connection, _ = self._listening.accept()
        files: list[int] = []
        pid = -1
        try:
            connection.settimeout(_REQUEST_S)
            connection.sendall(self._likeness)
            request, files = _received(connection)
            program = _Program(**request, files=files)
            pid = os.fork()
            if pid == 0:
                for other in (self._listening, connection, *self._connections.values()):
                    other.close()
                return program
            self._connections[pid] = connection
            connection.sendall(json.dumps({"pid": pid}).encode() + b"\n")
        except (OSError, ValueError, TypeError):
            pass  # who asked starts the program by itself, or has gone
        finally:
            if pid != 0:
                for file in files:
                    os.close(file)
            if pid < 0:
                connection.close()
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
                    connection.sendall(json.dumps({"code": code, "cpu_s": cpu_s}).encode() + b"\n")


def _received(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Return a request and its files; ValueError for what is none."""
    if peer(connection).user != os.getuid():
        raise ValueError("a request of another user")
    text, files, _, _ = socket.recv_fds(connection, 65536, FILES)
    while not text.endswith(b"\n"):
        more = connection.recv(65536)
        if not more or len(text) > _LONGEST_REQUEST:
            raise ValueError("a request without an end")
        text += more
    return json.loads(text), files


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


def _become(program: _Program) -> None:
    """Run a program in this process, which was forked for it, to its end."""
    os.setsid()
    given = program.surroundings
    for name, limit in given["limits"].items():
        with suppress(ValueError, OSError):
            resource.setrlimit(_LIMITS[name], tuple(limit))
    os.sched_setaffinity(0, given["cores"])
    os.nice(max(0, given["niceness"] - os.nice(0)))
    for number in given["ignored"]:
        signal.signal(number, signal.SIG_IGN)
    _place(dict(zip(program.numbers, program.files, strict=True)))
    os.chdir(given["cwd"])
    os.environ.clear()
    os.environ.update(program.environment)
    if "numba" in sys.modules:
        sys.modules["numba"].core.config.reload_config()
    sys.argv = [program.module, *program.arguments]
    _take_title((sys.executable, "-m", program.module, *program.arguments))
    sys.modules.pop(program.module, None)  # its body runs anew, as that of the main module
    runpy.run_module(program.module, run_name="__main__", alter_sys=True)


def _place(files: dict[int, int]) -> None:
    """Give open files the numbers that a program knows them by: {number: open file}."""
    above = max((*files, *files.values())) + 1
    high = {n: fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, above) for n, file in files.items()}
    for file in files.values():
        os.close(file)
    for number, file in high.items():
        os.dup2(file, number, inheritable=True)
        os.close(file)


def _take_title(words: Sequence[str]) -> None:
    """Have ``ps`` and /proc show a command line: it is written over that of the server."""
    fields = Path("/proc/self/stat").read_bytes().rpartition(b") ")[2].split()
    start, end = int(fields[45]), int(fields[46])  # proc(5): arg_start and arg_end
    text = b"\0".join(os.fsencode(word) for word in words)[: end - start - 1]
    ctypes.memset(start, 0, end - start)
    ctypes.memmove(start, text, len(text))


def _load(what: Sequence[str]) -> None:
    """Load modules, and call functions given as MODULE:FUNCTION.

    What lacks a library is left to tell so when it is started.
    """
    for name in what:
        module, _, function = name.partition(":")
        with suppress(ImportError):
            loaded = import_module(module)
            if function:
                getattr(loaded, function)()
    gc.collect()
    gc.freeze()


def main() -> None:
    """Serve on the listening socket that was handed on, with the modules of the command line."""
    listening = socket.socket(fileno=int(os.environ.pop(LISTENING_FD)))
    lifeline = int(os.environ.pop(LIFELINE_FD))
    like = likeness(os.environ)
    _load(sys.argv[1:-1])
    # Python 3.12 warns of threads where one forks; those here are the tracing library's, asleep.
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    program = ForkServer(listening, lifeline, like).serve()
    if program is not None:
        _become(program)


if __name__ == "__main__":
    main()
