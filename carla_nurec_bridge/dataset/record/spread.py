"""Record scenarios on many workers: one that is lost costs the repeat of its scenario alone."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Collection, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ...core.errors import RunError
from ...core.timings import Timings
from ..store.run_writer import RunWriter
from .run import RunListener, RunOutcome, begin, end_turn, unfinished
from .turn import ScenarioJob, Turn, TurnListener, take_turn

TRIES = 3
"""How often a scenario is begun whose workers are lost."""

SILENT_S = 900.0
"""How long a worker may tell nothing new before it counts as lost: a server's start, one frame."""

_LOOK_S, _TELL_S = 0.3, 0.3


class WorkerLostError(RunError):
    """A worker ended, or its machine did, before it answered."""


class Workers(Protocol):
    """Those who take turns, in processes of their own."""

    count: int

    def submit(self, run: Path, job: ScenarioJob, told: Path) -> Hashable:
        """Let a free worker do ``report_turn``; return what it is known by."""

    def wait(self, turns: Collection[Hashable], seconds: float) -> Collection[Hashable]:
        """Return those turns that have ended, after a time at the latest."""

    def result(self, turn: Hashable) -> tuple[Turn, Timings]:
        """Return what came of a turn that has ended; WorkerLostError when nothing did."""

    def end(self, turns: Collection[Hashable]) -> None:
        """End turns, and what they have started."""


def report_turn(run: Path, job: ScenarioJob, told: Path) -> tuple[Turn, Timings]:
    """Take a turn in this process and write into a file how far it is, for who watches."""
    said: list[str] = []
    last_s = 0.0

    def tell(done: int, total: int) -> None:
        nonlocal last_s
        if done == total or time.monotonic() - last_s > _TELL_S:
            last_s = time.monotonic()
            part = told.with_name(f"{told.name}.part")
            with suppress(OSError):  # the images are what needs the last room on a disk
                part.write_text(json.dumps({"done": done, "total": total, "notes": said}))
                part.replace(told)

    listener = TurnListener(tell, said.append)
    return take_turn(run, job, listener), listener.timings


@dataclass(eq=False)
class _Watched:
    """A turn that is being taken, and what was heard of it."""

    job: ScenarioJob
    tries: int
    told: Path
    heard: tuple[int, int] = (0, 0)
    notes: int = 0
    heard_s: float = field(default_factory=time.monotonic)

    def listen(self, listener: RunListener) -> None:
        """Pass on what the worker has told since."""
        try:
            content = json.loads(self.told.read_bytes())
        except (OSError, ValueError):
            return
        for sentence in content["notes"][self.notes :]:
            listener.note(self.job.name, sentence)
        self.notes = len(content["notes"])
        now = (content["done"], content["total"])
        if now != self.heard:
            self.heard, self.heard_s = now, time.monotonic()
            listener.on_frame(self.job.name, *now)


def spread_run(
    run: RunWriter, jobs: Sequence[ScenarioJob], workers: Workers, listener: RunListener
) -> RunOutcome:
    """Record all scenarios that are not done yet, as ``record_run`` does, as many at once as can.

    Workers write hidden folders into the run; its manifest and ledger are written here alone. An
    interruption ends the turns of all workers.
    """
    with run.alone():
        left, kept = unfinished(run, jobs)
        waiting = deque((job, 1) for job in left)
        watched: dict[Hashable, _Watched] = {}
        reasons: dict[str, str] = {}
        try:
            while waiting or watched:
                while waiting and len(watched) < workers.count:
                    job, tries = waiting.popleft()
                    if tries == 1:
                        begin(run, job, listener)
                    else:
                        run.start(job.name, job.key)
                    told = run.path / f".{job.name}.told"
                    told.unlink(missing_ok=True)
                    turn = workers.submit(run.path, job, told)
                    watched[turn] = _Watched(job, tries, told)
                ended = workers.wait(watched, _LOOK_S)
                for turn in ended:
                    one = watched.pop(turn)
                    one.listen(listener)
                    again = _end(run, one, turn, workers, listener, reasons)
                    if again:
                        waiting.appendleft((one.job, one.tries + 1))
                for turn, one in watched.items():
                    one.listen(listener)
                    if time.monotonic() - one.heard_s > SILENT_S:
                        workers.end([turn])
        finally:
            if watched:
                workers.end(watched)
            for path in run.path.glob(".*.told*"):
                path.unlink(missing_ok=True)
    return RunOutcome.of(reasons, kept)


def _end(
    run: RunWriter,
    one: _Watched,
    turn: Hashable,
    workers: Workers,
    listener: RunListener,
    reasons: dict[str, str],
) -> bool:
    """Take what came of a turn; return whether its worker was lost and it is to be tried again."""
    name = one.job.name
    try:
        result, timings = workers.result(turn)
    except WorkerLostError as lost:
        run.fail(name, one.job.key, str(lost))
        if one.tries < TRIES:
            listener.note(name, f"{lost}; begun again, try {one.tries + 1} of {TRIES}")
            return True
        reasons[name] = f"{lost}; tried {TRIES} times"
    except RunError as error:
        run.fail(name, one.job.key, str(error))
        reasons[name] = str(error)
    else:
        listener.timings.add(timings)
        reasons[name] = end_turn(run, one.job, result)
    listener.on_end(name, reasons[name])
    return False
