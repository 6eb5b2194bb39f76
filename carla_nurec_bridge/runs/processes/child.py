"""One child process of a run: started in a session of its own, heard through its status pipe."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO

from ...core.machine.forked import start
from ...core.run_contract.heartbeat import STATUS_FD
from ...core.teardown import Teardown
from ..graph import Process

_HELD = re.compile(rb"^Pss:\s+(\d+) kB", re.MULTILINE)
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_QUIET_S = 0.7
"""Longer than from one beat to the next: to look at all threads costs more than to hear one."""
_STOOD_S = 1.0
"""Who has not listened for so long was kept from it, by a machine that stands still or has too much
to do; a child was then too."""
_WARNING = re.compile(r"\bwarn(ing)?\b|\berror\b", re.IGNORECASE)
_GONE_S, _LOOK_S = 2.0, 0.005
"""How long it may take to bury those who were killed, and how often is looked, wall time."""
_TAKING_LEAVE_S = 8.0
"""How long a child that has done its work may take to leave the middleware, wall time."""
_SEGMENT = re.compile(rb"/dev/shm/\S*fastdds_[^\s(]+")

WORKS_WITHOUT_BEAT_S = 20.0
"""For how long a node that works counts as alive without a beat, wall time.

It loads its libraries, or the machine has more to do than it can. One that hangs, or that is held
stopped, neither uses the processor nor waits for it or for a disk.
"""


@dataclass(frozen=True)
class _Leave:
    """The exit code that was told, and since when nothing else is waited for."""

    code: int
    since_s: float


class Child:
    """A started process; ``close`` ends its whole process group and may be called twice.

    Times are ``time.monotonic`` seconds. ``works_s`` is for how long it counts as alive without a
    beat while it works. ``hung`` tells that it had done its work and did not end.
    """

    def __init__(self, process: Process, log: Path, works_s: float = WORKS_WITHOUT_BEAT_S) -> None:
        self.process = process
        self.log = log
        self._works_s = works_s
        self.ready = process.ready_line is None
        self._used = 0
        self._leaves: _Leave | None = None
        self.hung = False
        self.shared_memory: set[Path] = set()
        log.parent.mkdir(parents=True, exist_ok=True)
        self._output: IO[bytes] = log.open("wb")
        self._pipe, write_end = os.pipe()
        os.set_blocking(self._pipe, False)
        self._files = Teardown()
        self._files.add(f"the status pipe of {self.name}", partial(os.close, self._pipe))
        self._files.keep(f"the log of {self.name}", self._output)
        try:
            environment = {**os.environ, **process.env, STATUS_FD: str(write_end)}
            self._started = start(process.argv, environment, self._output, (write_end,))
        except BaseException as error:
            self._files.close_after(error)
            raise
        finally:
            os.close(write_end)
        # Not before: the start may take long.
        self._beat_s = self._alive_s = self._listened_s = time.monotonic()
        self._rest = b""
        self._asked_at_s: float | None = None

    @property
    def name(self) -> str:
        """The process's name in the graph."""
        return self.process.name

    @property
    def pid(self) -> int:
        """The process id, also its process group's."""
        return self._started.pid

    def code(self) -> int | None:
        """Return the exit code (negative: the signal that ended it), None while it runs.

        One that has told it, and then does not leave the middleware in time, has ended with it.
        """
        code = self._started.poll()
        told = self._leaves
        if told is not None and code is None:
            self.hung |= time.monotonic() - told.since_s > _TAKING_LEAVE_S
        return told.code if told is not None and self.hung else code

    @property
    def leaves(self) -> bool:
        """Whether it has told that its work is done."""
        return self._leaves is not None

    def silent_s(self) -> float:
        """Return for how long the process gave no sign of life, though it should have."""
        return 0.0 if self._leaves else time.monotonic() - self._alive_s

    def listen(self, on_progress: Callable[[int, int], None]) -> None:
        """Read what the child has said since the last call, without waiting."""
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self._pipe, 65536):
                self._rest += chunk
        now_s = time.monotonic()
        away_s, self._listened_s = now_s - self._listened_s, now_s
        if away_s > _STOOD_S:
            self._beat_s, self._alive_s = self._beat_s + away_s, self._alive_s + away_s
            if self._leaves is not None:
                self._leaves = replace(self._leaves, since_s=self._leaves.since_s + away_s)
        quiet = now_s - self._alive_s > _QUIET_S
        if quiet and now_s - self._beat_s < self._works_s and self._works():
            self._alive_s = now_s
        *lines, self._rest = self._rest.split(b"\n")
        for line in lines:
            message = json.loads(line)
            self._beat_s = self._alive_s = time.monotonic()
            if "done" in message:
                on_progress(message["done"], message["total"])
            if "leaves" in message:
                self._leaves = _Leave(message["leaves"], self._beat_s)
        if not self.ready and self.process.ready_line is not None:
            start = self.process.ready_line.encode()
            self.ready = any(li.startswith(start) for li in self.log.read_bytes().splitlines())

    def _works(self) -> bool:
        """Return whether it used the processor since the last call, or waits for it or a disk.

        It waits where any of its threads does: the others may wait for that one.
        """
        used, waits = 0, False
        for task in self._threads():
            with contextlib.suppress(OSError):  # a thread that has just ended
                # proc(5): the state follows the name in brackets, utime and stime are 11 and 12
                # after it.
                fields = (task / "stat").read_bytes().rpartition(b") ")[2].split()
                used += int(fields[11]) + int(fields[12])
                waits |= fields[0] in (b"R", b"D")
        before, self._used = self._used, used
        return used != before or waits

    def _threads(self) -> list[Path]:
        try:
            return list(Path(f"/proc/{self.pid}/task").iterdir())
        except OSError:  # the process has just gone
            return []

    def note_segments(self) -> None:
        """Remember the Fast DDS segments that the child has mapped, to be cleaned after a crash."""
        with contextlib.suppress(OSError):
            mapped = _SEGMENT.findall(Path(f"/proc/{self.pid}/maps").read_bytes())
            self.shared_memory.update(Path(os.fsdecode(path)) for path in set(mapped))

    def resident_bytes(self) -> int:
        """Return how much of what the child holds or shares is in memory; this takes no time."""
        # proc(5): pages, the second of the numbers.
        return _PAGE_BYTES * sum(int(text.split()[1]) for text in self._of_all("statm"))

    def held_bytes(self) -> int:
        """Return how much the child holds, with its share of what it holds with others.

        The system looks at every page of it: that takes a process of 300 MB some 10 ms.
        """
        found = (_HELD.search(text) for text in self._of_all("smaps_rollup"))
        return sum(int(held[1]) * 1024 for held in found if held)

    def _of_all(self, file: str) -> Iterator[bytes]:
        """Yield a file below /proc of the child and of the processes that it has started."""
        pids = [self.pid]
        for pid in pids:
            with contextlib.suppress(OSError):  # it has just gone
                yield Path(f"/proc/{pid}/{file}").read_bytes()
            for started in Path(f"/proc/{pid}/task").glob("*/children"):
                with contextlib.suppress(OSError):
                    pids += map(int, started.read_text().split())

    def last_error(self) -> str:
        """Return the last line of the log that names an error, or an empty text."""
        errors = [line for line in self._last_lines() if "error: " in line.lower()]
        return errors[-1] if errors else ""

    def is_named_in(self, text: str) -> bool:
        """Return whether a sentence is about it."""
        return re.search(rf"\b{re.escape(self.name)}\b", text) is not None

    def last_warning(self) -> str:
        """Return the last line of the log that warns of something, or an empty text."""
        warnings = [line for line in self._last_lines() if _WARNING.search(line)]
        return warnings[-1] if warnings else ""

    def _last_lines(self) -> list[str]:
        lines = self.log.read_text(errors="replace").splitlines()[-200:]
        return [text for line in lines if (text := line.strip())]

    def how_it_ended(self) -> str:
        """Return the signal that ended it, or its exit code with what its log says of it."""
        code = self.code() or 0
        if code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        error = self.last_error()
        return f"ended with code {code}" + (f" ({error})" if error else "")

    def terminate(self) -> None:
        """Ask the process to end."""
        self._asked_at_s = time.monotonic()
        self._signal(signal.SIGTERM)

    def asked_s(self) -> float:
        """Return for how long the process has been asked to end; 0 before it is."""
        return 0.0 if self._asked_at_s is None else time.monotonic() - self._asked_at_s

    def close(self, grace_s: float = 0.0) -> None:
        """Wait ``grace_s`` for the end, then kill what is left of the process group.

        RunError names what of it could not be closed.
        """
        with self._files:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._started.wait(0.0 if self.hung else grace_s)
            self._signal(signal.SIGKILL)
            self._started.wait()
            self._wait_nobody_left()

    def _wait_nobody_left(self) -> None:
        """Wait until those whom it had started are gone: they were killed, not waited for."""
        ends_s = time.monotonic() + _GONE_S
        with contextlib.suppress(ProcessLookupError):
            while time.monotonic() < ends_s:
                os.killpg(self.pid, 0)
                time.sleep(_LOOK_S)

    def end(self, grace_s: float) -> None:
        """Ask the process to end, and close it whether or not it could be asked."""
        asked = (f"the signal to {self.name} to end", self.terminate)
        Teardown.in_order(asked, (self.name, partial(self.close, grace_s))).close()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)
