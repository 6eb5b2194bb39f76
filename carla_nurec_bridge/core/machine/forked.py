"""Starting programs: forked from a process that has loaded their libraries, or by themselves."""

from __future__ import annotations

import json
import math
import os
import secrets
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Protocol

from ..errors import RunError
from .fork_server import LIFELINE_FD, LISTENING_FD, ROOM_FOR_TITLES, THEN, peer
from .inherited import likeness, surroundings

ADDRESS = "CNB_FORK_SERVER"
"""Names the fork server that this process and those below it use: an abstract unix socket."""

_LOADING_S = 60.0
"""How long a server may take to load its modules; then programs start by themselves."""

_UNTOLD = 1
"""The exit code of a program whose server ended before it, or hangs."""

_LOOK_S = 0.5
_TELL_S = 5.0
"""How long a server may take to tell that a program has ended."""


class Started(Protocol):
    """A program that was started; its process group has its process id."""

    pid: int

    def poll(self) -> int | None:
        """Return its exit code (negative: the signal that ended it), None while it runs."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end and return the code; subprocess.TimeoutExpired after so many seconds."""
        ...


def start(
    argv: Sequence[str],
    environment: Mapping[str, str],
    output: IO[bytes],
    files: Sequence[int] = (),
    errors: IO[bytes] | None = None,
) -> Started:
    """Start a program in a session of its own, without input, both outputs into one file.

    ``errors`` is another file for its errors. ``files`` stay open in it under their numbers. A
    module of Python is forked where a fork server runs that is like it (see
    ``inherited.likeness``).
    """
    if address := os.environ.get(ADDRESS):
        with suppress(_RefusedError):
            return _Forked(address, argv, environment, (output, errors or output), files)
    return subprocess.Popen(
        argv,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors or subprocess.STDOUT,
        pass_fds=files,
        start_new_session=True,
    )


@contextmanager
def fork_server(
    what: Sequence[str], environment: Mapping[str, str], then: Sequence[str] = ()
) -> Iterator[None]:
    """Have a fork server for the block; one that there is already serves.

    It loads ``what`` (modules), and calls what stands there as MODULE:FUNCTION, while the block
    goes on; what is started meanwhile waits for it. ``then`` is loaded after that: one program
    does not wait for it, and loads of it what it needs by itself, all others do.
    ``environment`` is that of the programs, as far as libraries read it when they are loaded.
    """
    if os.environ.get(ADDRESS):
        yield
        return
    name = f"carla-nurec-{os.getpid()}-{secrets.token_hex(8)}"
    with ExitStack() as ends, socket.socket(socket.AF_UNIX) as listening:
        lifeline, our_end = os.pipe()
        ends.callback(os.close, lifeline)
        ours = ends.enter_context(ExitStack())
        ours.callback(os.close, our_end)
        listening.bind(f"\0{name}")
        listening.listen(64)
        handed = {LISTENING_FD: str(listening.fileno()), LIFELINE_FD: str(lifeline)}
        server = subprocess.Popen(
            (
                *(sys.executable, "-m", f"{__package__}.fork_server", *what, THEN, *then),
                " " * ROOM_FOR_TITLES,
            ),
            env={**environment, **handed},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=(listening.fileno(), lifeline),
            start_new_session=True,
        )
        ours = ours.pop_all()
    os.environ[ADDRESS] = name
    try:
        yield
    finally:
        os.environ.pop(ADDRESS, None)
        ours.close()
        server.kill()  # it may still be loading; programs that outlive the block go on
        server.wait()
        _Usage.cpu_s = 0.0


def _has_ended(pid: int) -> bool:
    """Return whether a process is gone, or dead and waits for who started it to hear of it."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return True
    return stat.rpartition(b") ")[2][:1] in (b"Z", b"X")


class _Usage:
    """The processor time of the forked programs that have ended, s."""

    cpu_s = 0.0


def forked_cpu_s() -> float:
    """Return the processor time of this process's forked programs that have ended, s.

    They are no children of ours, so that ``RUSAGE_CHILDREN`` lacks them, until a server of our own
    ends: it then has that of the server, with all that this one has waited for.
    """
    return _Usage.cpu_s


class _RefusedError(Exception):
    """The fork server does not start this program."""


class _Forked:
    """A program that a fork server has forked."""

    def __init__(
        self,
        address: str,
        argv: Sequence[str],
        environment: Mapping[str, str],
        outputs: tuple[IO[bytes], IO[bytes]],
        files: Sequence[int],
    ) -> None:
        if len(argv) < 3 or (argv[0], argv[1]) != (sys.executable, "-m"):
            raise _RefusedError
        self._rest = b""
        self._code: int | None = None
        self._ended_s = math.inf
        self._look_s = 0.0
        self._is_told = True
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._meet(address, environment)
            numbers = {1: outputs[0].fileno(), 2: outputs[1].fileno()}
            handed = numbers | {file: file for file in files}
            self.pid = self._ask(argv, environment, handed)
        except BaseException:
            self._socket.close()
            raise

    def _meet(self, address: str, environment: Mapping[str, str]) -> None:
        """Connect to the server; _RefusedError where there is none that is like the program.

        One that does not answer is not asked again.
        """
        self._socket.settimeout(_LOADING_S)
        try:
            self._socket.connect(f"\0{address}")
            hello = self._answer() if peer(self._socket).user == os.getuid() else None
        except OSError as error:
            raise _RefusedError from error
        if hello is None:
            os.environ.pop(ADDRESS, None)
        if hello != likeness(environment):
            raise _RefusedError

    def _ask(
        self, argv: Sequence[str], environment: Mapping[str, str], files: Mapping[int, int]
    ) -> int:
        """Have the program forked; return its process id."""
        request = {
            "module": argv[2],
            "arguments": list(argv[3:]),
            "environment": dict(environment),
            "surroundings": surroundings(),
            "numbers": list(files),
        }
        text = json.dumps(request).encode() + b"\n"
        with suppress(OSError):  # of what the server refuses it need not read all
            sent = socket.send_fds(self._socket, [text], list(files.values()))
            self._socket.sendall(text[sent:])
        answer = self._answer()
        if answer is None or "pid" not in answer:
            raise RunError(f"the process that was to fork {argv[2]} has ended, or hangs")
        pid: int | None = answer["pid"]
        if pid is None:
            raise _RefusedError
        return pid

    def poll(self) -> int | None:
        """Return the exit code, None while it runs."""
        if self._code is None:
            self._look(0.0)
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end and return the code; subprocess.TimeoutExpired after so many seconds."""
        until_s = math.inf if timeout is None else time.monotonic() + timeout
        while self._code is None:
            self._look(min(max(until_s - time.monotonic(), 0.0), _LOOK_S))
            if self._code is None and time.monotonic() >= until_s:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
        return self._code

    def _look(self, limit_s: float) -> None:
        """Note the end when the server tells it within so many seconds, or when it has gone."""
        poll = select.poll()
        if self._is_told:
            poll.register(self._socket, select.POLLIN)
        if poll.poll(limit_s * 1000.0):
            answer = self._answer()
            if answer is None:  # the server has gone, the program perhaps not
                self._is_told = False
            else:
                self._note_end(answer)
        elif self._is_untold():
            self._note_end(None)

    def _is_untold(self) -> bool:
        """Return whether it has ended without a word of the server, which hangs or has gone."""
        now_s = time.monotonic()
        if self._is_told and now_s < self._look_s:
            return False  # who asks many times a second need not open a file each time
        self._look_s = now_s + _LOOK_S
        if not _has_ended(self.pid):
            self._ended_s = math.inf
            return False
        self._ended_s = min(self._ended_s, now_s)
        return now_s - self._ended_s >= (_TELL_S if self._is_told else 0.0)

    def _note_end(self, answer: Mapping[str, Any] | None) -> None:
        self._code = _UNTOLD if answer is None else answer["code"]
        _Usage.cpu_s += 0.0 if answer is None else answer["cpu_s"]
        self._socket.close()

    def _answer(self) -> dict[str, Any] | None:
        """Return the server's next answer, None when it has gone or hangs."""
        with suppress(OSError):
            while b"\n" not in self._rest:
                more = self._socket.recv(4096)
                if not more:
                    return None
                self._rest += more
            line, _, self._rest = self._rest.partition(b"\n")
            found: dict[str, Any] = json.loads(line)
            return found
        return None
