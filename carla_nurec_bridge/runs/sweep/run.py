"""Do the runs of a suite that are not done yet, and write the report of all."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ...core.errors import InputError
from ...core.files.lock import locked
from ...core.files.whole import write_whole
from ...core.work.spread import Job, spread
from ...core.work.workers import Workers, WorkListener
from ...report.sweep.build import StatisticsSettings, sweep_report
from ...report.sweep.values import SweepReport
from ...report.sweep.write import write_sweep_report
from ..closed_loop.case import ClosedLoopCase
from ..closed_loop.result import ClosedLoopResult
from ..closed_loop.run import run_closed_loop
from .books import RUNS, SweepBooks, SweepListener
from .capacity import RunTimes, times_of
from .cases import SuiteRun
from .suite import Suite

TIMES = "times.json"
_LOCK = ".sweeping"


@dataclass(frozen=True)
class SweepOutcome:
    """What a sweep did: runs done now, before, and still to come; wall time of this time, s."""

    report: SweepReport
    files: tuple[Path, ...]
    done: int
    kept: int
    left: int
    wall_s: float


def make_run(
    case: ClosedLoopCase, folder: Path, limit_s: float, report: bool, listener: WorkListener
) -> ClosedLoopResult:
    """Make one run in this process, which is a worker's."""
    return run_closed_loop(case, folder, listener.on_step, limit_s=limit_s, report=report)


def sweep(
    suite: Suite,
    runs: Sequence[SuiteRun],
    folder: Path,
    workers: Workers,
    listener: SweepListener,
) -> SweepOutcome:
    """Do all runs that are not done yet, as many at once as there are workers, and report.

    An interruption ends the runs that are under way; the same call goes on from there, and ends
    with the report that one without interruption has. DeadlineError when another sweep works here.
    """
    started = time.monotonic()
    check_shared_servers(suite, workers)
    (folder / RUNS).mkdir(parents=True, exist_ok=True)
    with locked(folder / _LOCK, 0.0, f"another command sweeps in {folder}"):
        books = SweepBooks(folder, {run.name: run for run in runs}, suite.tries, listener)
        left = [run for run in runs if not books.is_done(run)]
        spread(_jobs(suite, left, books, started), workers, books, folder)
        rows = [books.row(run) for run in runs]
        agents = [agent.name for agent in suite.drivers()]
        by = StatisticsSettings(suite.confidence, suite.resamples, suite.statistics_seed)
        report = sweep_report(suite.name, agents, suite.repeats, rows, by)
        files = write_sweep_report(folder, report)
        results = {run.name: books.result(run) for run in runs}
        times = times_of({name: one.cost for name, one in results.items() if one is not None})
        _write_times(folder / TIMES, times)
    over = sum(row.is_over for row in rows)
    kept = len(runs) - len(left)
    wall_s = time.monotonic() - started
    return SweepOutcome(report, files, over - kept, kept, len(runs) - over, wall_s)


def check_shared_servers(suite: Suite, workers: Workers) -> None:
    """Raise InputError when several workers would share a server that serves one run at a time."""
    servers = []
    if not suite.run.get("embedded_carla", True):
        servers.append("CARLA (embedded_carla: false)")
    if suite.run.get("nurec") and suite.run.get("nurec_mode") == "external":
        servers.append("NuRec (nurec_mode: external)")
    if servers and workers.count > 1:
        raise InputError(
            f"{workers.count} workers would share one {' and one '.join(servers)}; one server "
            "serves one run at a time: give --workers 1"
        )


def _jobs(
    suite: Suite, left: Sequence[SuiteRun], books: SweepBooks, started_s: float
) -> Iterator[Job[ClosedLoopResult]]:
    """Yield the runs one by one, until the time budget is spent."""
    for run in left:
        spent_s = time.monotonic() - started_s
        if suite.time_budget_s is not None and spent_s > suite.time_budget_s:
            return
        place, always = books.folder_of(run.name), suite.reports == "always"
        yield Job(run.name, partial(make_run, run.case, place, suite.run_limit_s, always))


def _write_times(path: Path, times: RunTimes) -> None:
    write_whole(path, (json.dumps(times.to_json(), indent=1) + "\n").encode())
