"""Record scenarios on many workers: one that is lost costs the repeat of its scenario alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from ...core.timings import Timings
from ...core.work.spread import Job, spread
from ...core.work.workers import Workers, WorkListener
from ..store.run_writer import RunWriter
from .run import RunListener, RunOutcome, begin, end_turn, unfinished
from .turn import ScenarioJob, Turn, TurnListener, take_turn


def timed_turn(run: Path, job: ScenarioJob, told: WorkListener) -> tuple[Turn, Timings]:
    """Take a turn and return with it how long its stages took."""
    listener = TurnListener(told.on_step, told.note)
    return take_turn(run, job, listener), listener.timings


class _Books:
    """The ledger and the listener of a run, as those who spread its scenarios see them."""

    def __init__(self, run: RunWriter, jobs: Sequence[ScenarioJob], listener: RunListener) -> None:
        self._run, self._listener = run, listener
        self._jobs = {job.name: job for job in jobs}
        self.reasons: dict[str, str] = {}
        self.on_step, self.note = listener.on_frame, listener.note

    def begin(self, name: str, tries: int) -> None:
        """Tell the ledger; the user hears once what the scenario replaces."""
        if tries == 1:
            begin(self._run, self._jobs[name], self._listener)
        else:
            self._run.start(name, self._jobs[name].key)

    def lost(self, name: str, reason: str) -> None:
        """Tell the ledger that a try failed."""
        self._run.fail(name, self._jobs[name].key, reason)

    def finish(self, name: str, result: tuple[Turn, Timings], tries: int) -> bool:
        """Put what was recorded in its place; nothing of it is tried again."""
        turn, timings = result
        self._listener.timings.add(timings)
        self.fail(name, end_turn(self._run, self._jobs[name], turn))
        return False

    def fail(self, name: str, reason: str) -> None:
        """Keep why a scenario failed, an empty text where it did not."""
        self.reasons[name] = reason
        self._listener.on_end(name, reason)


def spread_run(
    run: RunWriter, jobs: Sequence[ScenarioJob], workers: Workers, listener: RunListener
) -> RunOutcome:
    """Record all scenarios that are not done yet, as ``record_run`` does, as many at once as can.

    Workers write hidden folders into the run; its manifest and ledger are written here alone. An
    interruption ends the turns of all workers.
    """
    with run.alone():
        left, kept = unfinished(run, jobs)
        books = _Books(run, left, listener)
        turns = (Job(job.name, partial(timed_turn, run.path, job)) for job in left)
        spread(turns, workers, books, run.path)
    return RunOutcome.of(books.reasons, kept)
