"""Spread jobs over workers: one that is lost costs the repeat of its job alone."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from ..errors import RunError
from .workers import Result, Work, WorkerLostError, Workers

TRIES = 3
"""How often a job is begun whose workers are lost."""

SILENT_S = 900.0
"""How long a worker may tell nothing new before it counts as lost: a server's start, one frame."""

_LOOK_S = 0.3

Given = TypeVar("Given", contravariant=True)


@dataclass(frozen=True)
class Job(Generic[Result]):
    """A piece of work and the name that it goes by."""

    name: str
    work: Work[Result]


class Books(Protocol[Given]):
    """Who keeps the books of jobs by their names; ``tries`` counts from 1."""

    def begin(self, name: str, tries: int) -> None:
        """Take down that a job begins."""

    def on_step(self, name: str, done: int, total: int) -> None:
        """Hear how far a job is."""

    def note(self, name: str, sentence: str) -> None:
        """Hear a sentence for the user."""

    def lost(self, name: str, reason: str) -> None:
        """Take down that a try came to nothing; another one may follow."""

    def finish(self, name: str, result: Given, tries: int) -> bool:
        """Take down what came of a job; return whether it is to be begun again."""

    def fail(self, name: str, reason: str) -> None:
        """Take down that nothing will come of a job."""


def spread(
    jobs: Iterable[Job[Result]], workers: Workers, books: Books[Result], folder: Path
) -> None:
    """Do all jobs, as many at once as there are workers; ``folder`` is one that all of them see.

    Each job is taken from ``jobs`` only once a worker is free. An interruption ends the turns of
    all workers.
    """
    coming = iter(jobs)
    again: deque[tuple[Job[Result], int]] = deque()
    watched: dict[Hashable, _Watched[Result]] = {}
    try:
        while True:
            while len(watched) < workers.count:
                job, tries = again.popleft() if again else (next(coming, None), 1)
                if job is None:
                    break
                books.begin(job.name, tries)
                told = folder / f".{job.name}.told"
                told.unlink(missing_ok=True)
                watched[workers.submit(job.work, told)] = _Watched(job, tries, told)
            if not watched:
                return
            for turn in workers.wait(watched, _LOOK_S):
                one = watched.pop(turn)
                one.listen(books)
                if _ended(one, turn, workers, books):
                    again.append((one.job, one.tries + 1))
            for turn, one in watched.items():
                one.listen(books)
                if time.monotonic() - one.heard_s > SILENT_S:
                    workers.end([turn])
    finally:
        if watched:
            workers.end(watched)
        for path in folder.glob(".*.told*"):
            path.unlink(missing_ok=True)


@dataclass(eq=False)
class _Watched(Generic[Result]):
    """A turn that is being taken, and what was heard of it."""

    job: Job[Result]
    tries: int
    told: Path
    heard: tuple[int, int] = (0, 0)
    notes: int = 0
    heard_s: float = field(default_factory=time.monotonic)

    def listen(self, books: Books[Result]) -> None:
        """Pass on what the worker has told since."""
        try:
            content = json.loads(self.told.read_bytes())
        except (OSError, ValueError):
            return
        for sentence in content["notes"][self.notes :]:
            books.note(self.job.name, sentence)
        self.notes = len(content["notes"])
        now = (content["done"], content["total"])
        if now != self.heard:
            self.heard, self.heard_s = now, time.monotonic()
            books.on_step(self.job.name, *now)


def _ended(one: _Watched[Result], turn: Hashable, workers: Workers, books: Books[Result]) -> bool:
    """Take what came of a turn; return whether its job is to be begun again."""
    name = one.job.name
    try:
        result: Result = workers.result(turn)
    except WorkerLostError as lost:
        books.lost(name, str(lost))
        if one.tries < TRIES:
            books.note(name, f"{lost}; begun again, try {one.tries + 1} of {TRIES}")
            return True
        books.fail(name, f"{lost}; tried {TRIES} times")
    except RunError as error:
        books.lost(name, str(error))
        books.fail(name, str(error))
    else:
        return books.finish(name, result, one.tries)
    return False
