"""Starting programs of the package: forked from one process that has loaded their libraries.

A program that loads its libraries itself costs a second of processor time, a forked one a few
milliseconds. What a test is about how a program starts (its imports, a signal that comes meanwhile,
an installation) it starts by ``subprocess``.

No program outlives the process that has started it here, however that ends.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, TextIO

from carla_nurec_bridge.core.loading.deferred import deferred
from carla_nurec_bridge.core.machine.forked import start

# Most tests start nothing.
environment = deferred("carla_nurec_bridge.runs.graph.environment")
preloading = deferred("carla_nurec_bridge.runs.processes.preloading")

MAIN = "carla_nurec_bridge.cli.main"
_ROOM = 1 << 20
"""So many bytes a program can say while nobody reads."""

_GUARD = Path(__file__).with_name("program_guard.py")

_session = ExitStack()


def serve() -> None:
    """Have a fork server until ``end``, also for what programs start; once is enough."""
    _session.enter_context(preloading.preloaded())


def end() -> None:
    """End the fork server, where there is one, and the programs that still run."""
    _session.close()


@cache
def _guard() -> subprocess.Popen[str]:
    """Return the process that ends our programs when we have ended, killed or not."""
    _session.callback(_guard.cache_clear)
    return _session.enter_context(
        subprocess.Popen(
            (sys.executable, "-I", "-S", str(_GUARD)),
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
    )


def _keep_from_staying(pid: int) -> None:
    """Have a program end with us."""
    told = _guard().stdin
    assert told
    print(pid, file=told, flush=True)


class Program:
    """A module of the package as a program, ``carla-nurec`` where none is named.

    What it says is text in ``stdout`` and ``stderr``, or in the file ``log``. It has a session of
    its own; who leaves a ``with`` block ends it.
    """

    def __init__(
        self,
        *words: object,
        module: str = MAIN,
        env: Mapping[str, str] | None = None,
        log: Path | None = None,
    ) -> None:
        serve()
        argv = (sys.executable, "-m", module, *map(str, words))
        variables = {**os.environ, **environment.process_environment(), **(env or {})}
        self.args = argv
        self.returncode: int | None = None
        self._said: tuple[str, str] | None = None
        self.stdout, output = _pipe()
        self.stderr, errors = _pipe()
        with output, errors, (log or Path(os.devnull)).open("wb") as logged:
            outputs = (logged, logged) if log else (output, errors)
            self._started = start(argv, variables, outputs[0], errors=outputs[1])
        self.pid = self._started.pid
        _keep_from_staying(self.pid)

    def poll(self) -> int | None:
        """Return the exit code, None while it runs."""
        self.returncode = self._started.poll()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end and return the exit code; TimeoutExpired after so many seconds."""
        self.returncode = self._started.wait(timeout)
        return self.returncode

    def complaints(self) -> str:
        """Return what it has said on ``stderr`` since this was last asked, without waiting."""
        said = b""
        while select.select([self.stderr], [], [], 0.0)[0] and (
            more := os.read(self.stderr.fileno(), _ROOM)
        ):
            said += more
        return said.decode(errors="replace").strip()

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for its end and return what it has said; after so many seconds it is killed.

        Called again it returns the same.
        """
        if self._said is not None:
            return self._said
        with ThreadPoolExecutor(2) as pool:
            said = [pool.submit(stream.read) for stream in (self.stdout, self.stderr)]
            try:
                self.wait(timeout)
            except BaseException:
                self.kill()
                raise
        self._close()
        self._said = said[0].result(), said[1].result()
        return self._said

    def send_signal(self, number: int) -> None:
        """Send a signal to it, unless it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it has, and nobody has told us yet
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it, and whom it has started in its session, unless it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def _close(self) -> None:
        for stream in (self.stdout, self.stderr):
            stream.close()

    def __enter__(self) -> Program:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        self.wait()
        self._close()


def _pipe() -> tuple[TextIO, BinaryIO]:
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, _ROOM)
    return os.fdopen(read, encoding="utf-8", errors="replace"), os.fdopen(write, "wb")


def run(
    *words: object,
    module: str = MAIN,
    env: Mapping[str, str] | None = None,
    timeout: float = 250.0,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    program = Program(*words, module=module, env=env)
    output, errors = program.communicate(timeout)
    assert program.returncode is not None
    return subprocess.CompletedProcess(program.args, program.returncode, output, errors)
