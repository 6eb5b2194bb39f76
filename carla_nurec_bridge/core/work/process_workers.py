"""Workers that are processes of this machine; each stays for the next piece of work."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Collection, Hashable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from multiprocessing import connection, get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import FrameType
from typing import Any, final

from ..errors import RunError, told
from .workers import Work, WorkerLostError, report

_END_S = 30.0
"""How long a worker may take to end what it has started, wall time."""


@dataclass(frozen=True, eq=False)
class _Worker:
    process: SpawnProcess
    pipe: Connection


@final
class ProcessWorkers:
    """So many processes at most; one that dies is replaced when it is needed."""

    def __init__(self, most: int) -> None:
        self.count = most
        self._free: list[_Worker] = []
        self._busy: dict[Hashable, _Worker] = {}
        self._numbers = count()

    def submit(self, work: Work[Any], told: Path) -> Hashable:
        """Let a free worker do a piece of work; return what the turn is known by."""
        worker = self._free.pop() if self._free else _start()
        turn = next(self._numbers)
        self._busy[turn] = worker
        with suppress(OSError):  # who has died meanwhile is found to be lost
            worker.pipe.send((work, told))
        return turn

    def wait(self, turns: Collection[Hashable], seconds: float) -> Collection[Hashable]:
        """Return those turns that have ended, after a time at the latest."""
        pipes = {self._busy[turn].pipe: turn for turn in turns}
        return [pipes[pipe] for pipe in connection.wait(pipes, seconds) if pipe in pipes]

    def result(self, turn: Hashable) -> Any:
        """Return what came of a turn that has ended; WorkerLostError when nothing did."""
        worker = self._busy.pop(turn)
        try:
            result, error = worker.pipe.recv()
        except (EOFError, OSError) as lost:
            worker.process.join(_END_S)
            raise WorkerLostError(
                f"its worker was lost (exit code {worker.process.exitcode})"
            ) from lost
        self._free.append(worker)
        if error is not None:
            raise RunError(f"the worker cannot do it: {error}")
        return result

    def end(self, turns: Collection[Hashable]) -> None:
        """End turns: an interruption first, so that what they have started ends too."""
        _end([self._busy[turn] for turn in turns if turn in self._busy])

    def close(self) -> None:
        """End all processes; a second call does nothing."""
        _end([*self._busy.values(), *self._free])
        self._busy.clear()
        self._free.clear()


@contextmanager
def process_workers(most: int) -> Iterator[ProcessWorkers]:
    """Yield so many workers, and end them."""
    workers = ProcessWorkers(most)
    try:
        yield workers
    finally:
        workers.close()


def _start() -> _Worker:
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_serve, args=(theirs,), name="worker")
    process.start()
    theirs.close()
    return _Worker(process, ours)


def _end(workers: Collection[_Worker]) -> None:
    for worker in workers:
        worker.process.terminate()
    for worker in workers:
        worker.process.join(_END_S)
        worker.process.kill()
        worker.process.join()
        worker.pipe.close()


def _serve(pipe: Connection) -> None:
    """Do what comes through the pipe until it is closed or we are asked to end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the starter hears it too, and ends us
    signal.signal(signal.SIGTERM, _interrupt)
    threading.Thread(target=_end_with_starter, name="starter", daemon=True).start()
    with suppress(EOFError, OSError, KeyboardInterrupt):
        while True:
            sent = pipe.recv_bytes()
            try:
                work, told_in = pickle.loads(sent)
                answer: tuple[Any, str | None] = report(work, told_in), None
            except Exception as error:  # noqa: BLE001 - the top of the work of this process
                answer = None, str(told(error))
            pipe.send(answer)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def _end_with_starter() -> None:
    """Interrupt this process once its starter has gone, so that nothing of it stays."""
    starter = parent_process()
    if starter is not None:
        connection.wait([starter.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
