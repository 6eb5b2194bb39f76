"""``carla-nurec sweep``: a suite of closed-loop runs, compared."""

from __future__ import annotations

import math
import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import TaskID

from ..core.errors import InputError
from .finite import FiniteRange
from .log.tables import console, examples, table
from .playing import counting_progress, end_as_interrupted

if TYPE_CHECKING:
    from ..core.work.workers import Workers
    from ..report.sweep.values import SweepReport
    from ..runs.sweep.capacity import Resources
    from ..runs.sweep.cases import SuiteRun

_MINUTE_S = 60.0


@click.command(
    epilog=examples(
        "carla-nurec sweep town",
        "carla-nurec sweep mine.yaml --workers 4 -o out/nightly --time-budget 3600",
        "carla-nurec sweep mine.yaml --ray 10.0.0.1:6379 --workers 32",
        "carla-nurec sweep mine.yaml --carla 10.0.0.7:2000 --workers 1",
        "carla-nurec sweep mine.yaml --plan --nodes 8 --cores 32 --workers 32 --memory 128",
        "carla-nurec sweep mine.yaml --plan --gpus 2 --gpu-seconds 40",
    )
)
@click.argument("suite")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the sweep; what is done there stays.  [default: out/sweep/SUITE]",
)
@click.option(
    "--workers", type=click.IntRange(1, 1000), help="Runs at once.  [default: one per core]"
)
@click.option("--ray", help="Address of a Ray cluster (HOST:PORT), or local.")
@click.option("--carla", help="HOST:PORT of a CARLA that runs; with --workers 1.")
@click.option("--nurec", help="HOST:PORT of a NuRec that runs and renders; with --workers 1.")
@click.option(
    "--time-budget",
    "time_budget_s",
    type=FiniteRange(0, min_open=True),
    help="Begin no further run after so much wall time, s.",
)
@click.option("--plan", is_flag=True, help="Only say which runs there are and what they take.")
@click.option("--nodes", type=click.IntRange(1), default=1, help="--plan: machines.")
@click.option("--cores", type=click.IntRange(1), help="--plan: cores of one.  [default: of this]")
@click.option(
    "--memory", "memory_gib", type=FiniteRange(0, min_open=True), help="--plan: GiB of one."
)
@click.option("--gpus", type=click.IntRange(0), default=0, help="--plan: GPUs of one, for NuRec.")
@click.option(
    "--gpu-seconds",
    "gpu_s",
    type=FiniteRange(0),
    default=0.0,
    help="--plan: what a run needs of a GPU, s.",
)
def command(
    suite: str,
    output: Path | None,
    workers: int | None,
    ray: str | None,
    carla: str | None,
    nurec: str | None,
    time_budget_s: float | None,
    plan: bool,
    nodes: int,
    cores: int | None,
    memory_gib: float | None,
    gpus: int,
    gpu_s: float,
) -> int:
    """Drive all scenarios of SUITE with all seeds and agents, and compare the agents.

    SUITE is a YAML file or the name of a shipped one. Each run has its own CARLA, ROS domain and
    folder. Started again, it goes on with what is not done, and ends with the same report.

    Exit code 0: every run is over, whatever its verdict; 1: some are not; 2: bad input.
    """
    from ..runs.closed_loop.given_servers import fields_of_servers
    from ..runs.processes.preloading import preloaded
    from ..runs.sweep.books import SweepListener
    from ..runs.sweep.capacity import Resources
    from ..runs.sweep.cases import runs_of
    from ..runs.sweep.run import sweep
    from ..runs.sweep.suite import load_suite

    out = console()
    path, asked = load_suite(suite)
    folder = output or Path("out/sweep") / asked.name
    asked = asked.model_copy(update={"run": {**asked.run, **fields_of_servers(carla, nurec)}})
    if time_budget_s is not None:
        asked = asked.model_copy(update={"time_budget_s": time_budget_s})
    runs = runs_of(asked, str(path), folder / "scenarios")
    count = workers or os.cpu_count() or 1
    if plan:
        held = math.inf if memory_gib is None else memory_gib * 2**30
        on = Resources(count, cores or os.cpu_count() or 1, nodes, held, gpus)
        _plan(out, runs, folder, on, gpu_s)
        return 0
    end_as_interrupted()
    with preloaded(), _workers(ray, workers, count) as found, counting_progress(out) as progress:
        whole = progress.add_task(asked.name, total=len(runs))
        bars: dict[str, TaskID] = {}

        def begin(name: str, tries: int) -> None:
            bars[name] = progress.add_task(name)

        def on_step(name: str, done: int, total: int) -> None:
            progress.update(bars[name], completed=done, total=total)

        def on_end(name: str, told: str) -> None:
            if name in bars:
                progress.remove_task(bars.pop(name))
            progress.advance(whole)
            out.print(f"{name}: {told}", soft_wrap=True)

        def note(name: str, sentence: str) -> None:
            if name in bars:
                progress.remove_task(bars.pop(name))
            out.print(f"note: {name}: {sentence}", soft_wrap=True)

        try:
            outcome = sweep(asked, runs, folder, found, SweepListener(begin, on_step, note, on_end))
        except KeyboardInterrupt:
            out.print("interrupted; the same command goes on with what is not done")
            raise
    _tell(out, outcome.report)
    out.print(
        f"{outcome.done} runs done, {outcome.kept} were there before, {outcome.left} are still to "
        f"come, in {outcome.wall_s / _MINUTE_S:.1f} min: {', '.join(map(str, outcome.files))}",
        soft_wrap=True,
    )
    return 1 if outcome.left else 0


def _workers(ray: str | None, workers: int | None, count: int) -> AbstractContextManager[Workers]:
    from ..core.work.process_workers import process_workers
    from ..core.work.ray_workers import ray_workers

    return process_workers(count) if ray is None else ray_workers(ray, workers)


def _plan(out: Console, runs: list[SuiteRun], folder: Path, on: Resources, gpu_s: float) -> None:
    """Say what a suite takes here, or on such machines."""
    from ..runs.sweep.capacity import capacity
    from ..runs.sweep.plan import needs_of, simulated_s
    from ..runs.sweep.run import TIMES

    if not runs:
        raise InputError("the suite has no runs")
    needs = needs_of(runs, folder / TIMES)
    found = capacity(needs.alone_s, needs.cpu_s, needs.memory_bytes, on, gpu_s)
    by = f"{needs.measured} runs in {folder}" if needs.measured else "rule of thumb"
    out.print(f"{len(runs)} runs of at most {simulated_s(runs):g} s simulated in all")
    out.print(
        f"one run by {by}: {needs.alone_s:.1f} s of wall time, {needs.cpu_s:.1f} s of processor "
        f"time, {needs.memory_bytes / 2**20:.0f} MiB",
        soft_wrap=True,
    )
    out.print(
        f"{on.nodes} x {on.cores} cores with {on.workers} workers each: "
        f"{found.runs_per_hour:.0f} runs an "
        f"hour (held back by {found.limit}), {60.0 * found.hours(len(runs)):.1f} min for all",
        soft_wrap=True,
    )


def _tell(out: Console, report: SweepReport) -> None:
    """Print the agents' figures and who has more."""
    from ..report.sweep.words import interval, outcomes

    agents = [one.agent for one in report.agents]
    shown = table(f"suite {report.suite}", ("score", *agents))
    shown.add_row("runs", *(outcomes(one) for one in report.agents))
    for name in report.score_names:
        shown.add_row(name, *(interval(one.figures.get(name)) for one in report.agents))
    out.print(shown)
