"""Record many scenarios: each that fails is told and costs nothing but itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from ...core.errors import BridgeError
from ...core.timings import Timings
from ..store.run_writer import RunWriter
from .turn import ScenarioJob, Turn, TurnListener, take_turn


@dataclass(frozen=True)
class RunOutcome:
    """What came of a run: scenarios recorded now, done before, and failed with the reason."""

    recorded: tuple[str, ...]
    kept: tuple[str, ...]
    failed: dict[str, str]

    @classmethod
    def of(cls, reasons: dict[str, str], kept: Iterable[str]) -> RunOutcome:
        """Return that of scenarios with why each failed, empty where it did not."""
        return cls(
            tuple(sorted(name for name, reason in reasons.items() if not reason)),
            tuple(kept),
            {name: reason for name, reason in sorted(reasons.items()) if reason},
        )


@dataclass(frozen=True, eq=False)
class RunListener:
    """Who hears about a run, by the scenarios' names; a reason is empty when all went well."""

    on_frame: Callable[[str, int, int], None]
    note: Callable[[str, str], None]
    on_end: Callable[[str, str], None]
    timings: Timings = field(default_factory=Timings)


def record_run(run: RunWriter, jobs: Sequence[ScenarioJob], listener: RunListener) -> RunOutcome:
    """Record all scenarios that are not done yet, one after the other.

    Whatever ends one, the next one is tried; only an interruption ends the run, and a disk that
    does not even take a line of the ledger. The same call goes on from there.
    """
    with run.alone():
        left, kept = unfinished(run, jobs)
        reasons = {}
        for job in left:
            begin(run, job, listener)
            turn = take_turn(run.path, job, of_scenario(listener, job.name))
            reasons[job.name] = end_turn(run, job, turn)
            listener.on_end(job.name, reasons[job.name])
    return RunOutcome.of(reasons, kept)


def unfinished(
    run: RunWriter, jobs: Sequence[ScenarioJob]
) -> tuple[list[ScenarioJob], tuple[str, ...]]:
    """Return the jobs that are not done yet, and the names of those that are."""
    left = [job for job in jobs if not run.is_done(job.name, job.key)]
    return left, tuple(job.name for job in jobs if job not in left)


def begin(run: RunWriter, job: ScenarioJob, listener: RunListener) -> None:
    """Tell the ledger that a scenario begins, and the user of an older one that it replaces."""
    if run.has(job.name):
        listener.note(
            job.name,
            "it is there already, of another recording, options or version; once this one is whole "
            "it takes that one's place, and its variants, marks and questions go",
        )
    run.start(job.name, job.key)


def of_scenario(listener: RunListener, name: str) -> TurnListener:
    """Return who hears about a turn of one scenario of a run."""
    return TurnListener(
        lambda done, total: listener.on_frame(name, done, total),
        lambda sentence: listener.note(name, sentence),
        listener.timings,
    )


def end_turn(run: RunWriter, job: ScenarioJob, turn: Turn) -> str:
    """Put what a turn has recorded in its place; return why it failed, empty when it did not."""
    reason = turn.reason
    if turn.part is not None and turn.recorded is not None:
        try:
            run.finish(turn.part, job.name, job.key, *turn.recorded)
        except BridgeError as error:
            reason = str(error)
    if reason:
        run.fail(job.name, job.key, reason)
    return reason
