"""``carla-nurec dataset record``: a data set with ground truth of recordings, bags, live worlds."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import TaskID

from ..cosmos.capture_options import played_options, refuse_beside_bags
from ..log.tables import console, examples, table
from ..playing import counting_progress, end_as_interrupted
from .record_options import from_anywhere, record_options
from .smart_city_files import smart_city_files, unused_keys

if TYPE_CHECKING:
    from ...core.timings import Timings
    from ...dataset.record.run import RunListener, RunOutcome
    from ...dataset.record.turn import ScenarioJob
    from ...dataset.store import RunWriter


@click.command(
    epilog=examples(
        "carla-nurec dataset record -f drive.log --map Town01.xodr.gz -s 2 -d 5 -o out/set",
        "carla-nurec dataset record -f a.log -f b.log --sensors roadside.yaml --sensors ego.yaml",
        "carla-nurec dataset record -f a.log -f b.log --ray local --workers 2",
        "carla-nurec dataset record --bag out/demo/bag --fps 10",
        "carla-nurec dataset record --scene run.usdz --fps 10 -d 5",
        "carla-nurec dataset record --live --host 127.0.0.1 -d 10",
        "carla-nurec dataset record --live --map Town01.xodr.gz --traffic 20 --walkers 10 -d 10",
        "carla-nurec dataset record --config 7.json --wf-config wf.json -f 7.log --sensors 7.yaml",
    )
)
@smart_city_files
@record_options
@played_options
@click.pass_context
def command(
    context: click.Context,
    recordings: tuple[Path, ...],
    bags: tuple[Path, ...],
    scenes: tuple[Path, ...],
    **settings: Any,
) -> int:
    """Record images and the truth of every object in them: boxes, masks, who is hidden, how far.

    Each recording is played in CARLA, tick by tick, in a server of its own unless --host names one.
    A scene package is drawn by NuRec, with the truth of its tracks. With --live a CARLA that runs
    is recorded as it is: where nobody owns its tick, this run does, else the frames are those of
    its owner's ticks.
    Each becomes a scenario of the data set. What is finished stays: the same command goes on with
    the first scenario that is not, and one that fails is told, costs no other, and makes the exit
    code 1. docs/dataset/layout.md describes what is written.
    """
    from ...dataset.export.split import ALL
    from ...dataset.record.run import RunListener
    from ...dataset.store import Dataset, RunWriter
    from ...dataset.videos.of_dataset import has_videos
    from .export import write_export
    from .scenario_jobs import jobs_of

    if not (recordings or bags or scenes or settings["live"]):
        raise click.UsageError("give --recording, --bag, --scene or --live for each scenario")
    ray, workers = settings.pop("ray"), settings.pop("workers")
    if workers is not None and ray is None:
        raise click.UsageError("--workers is for --ray")
    if not (recordings or scenes or settings["live"]):
        refuse_beside_bags(context)
    end_as_interrupted()
    out, started = console(), time.monotonic()
    for note in unused_keys(context):
        out.print(f"note: {note}", soft_wrap=True)
    run = RunWriter(settings["output"], tuple(sys.argv[1:]), settings["seed"])
    jobs = jobs_of(from_anywhere(settings), recordings, bags, scenes)
    with counting_progress(out) as progress:
        bars: dict[str, TaskID] = {}

        def on_frame(name: str, done: int, total: int) -> None:
            if name not in bars:
                bars[name] = progress.add_task(name)
            progress.update(bars[name], completed=done, total=total)

        def on_end(name: str, reason: str) -> None:
            if name in bars:
                progress.remove_task(bars.pop(name))
            out.print(f"{name}: {reason or 'done'}", soft_wrap=True)

        def on_note(name: str, sentence: str) -> None:
            out.print(f"note: {name}: {sentence}", soft_wrap=True)

        listener = RunListener(on_frame, on_note, on_end)
        try:
            outcome = _record(run, jobs, listener, ray, workers)
        except KeyboardInterrupt:
            out.print("interrupted; the same command goes on with what is not finished")
            raise
    _tell(out, listener.timings)
    took_s = time.monotonic() - started
    out.print(
        f"{len(outcome.recorded)} scenarios recorded, {len(outcome.kept)} were there before, "
        f"{len(outcome.failed)} failed, in {took_s:.1f} s: {run.path}",
        soft_wrap=True,
    )
    dataset = Dataset(run.path) if outcome.recorded or outcome.kept else None
    bare = [name for name in outcome.kept if dataset and not has_videos(dataset, name)]
    if bare and settings["videos"]:
        out.print(
            f"note: no videos of {', '.join(bare)}, recorded without; "
            f"make them with: carla-nurec dataset videos {run.path}",
            soft_wrap=True,
        )
    if settings["layout"] != "native" and dataset is not None:
        place = run.path.with_name(f"{run.path.name}-{settings['layout']}")
        write_export(out, [run.path], settings["layout"], place, ALL, 0)
    return 1 if outcome.failed else 0


def _record(
    run: RunWriter,
    jobs: Sequence[ScenarioJob],
    listener: RunListener,
    ray: str | None,
    workers: int | None,
) -> RunOutcome:
    from ...core.work.ray_workers import ray_workers
    from ...dataset.record.run import record_run
    from ...dataset.record.spread import spread_run

    if ray is None:
        return record_run(run, jobs, listener)
    with ray_workers(ray, workers) as cluster:
        return spread_run(run, jobs, cluster, listener)


def _tell(out: Console, timings: Timings) -> None:
    """Print how long the stages took."""
    stages = table(None, ("stage",), ("turns", "ms a turn", "longest ms", "s in all"))
    for stage, figures in timings.summary().items():
        each = 1000.0 * figures.total_s / figures.count
        row = str(figures.count), f"{each:.1f}", f"{figures.max_ms:.0f}", f"{figures.total_s:.1f}"
        stages.add_row(stage, *row)
    if stages.row_count:
        out.print(stages)
