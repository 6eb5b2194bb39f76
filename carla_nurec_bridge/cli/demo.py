"""``carla-nurec demo``: drive, render, record and report in one go."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console, JustifyMethod
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from ..core.errors import InputError
from ..core.run_contract.run_config import RunConfig
from ..report.markdown import size, stream_rows
from ..runs.demo_flow import DemoRun, demo_config, run_demo
from ..runs.processes.preloading import preloaded
from ..runs.recipe import settled
from ..runs.rehearsal import STEPS
from ..runs.repeats import compare, write_repeats
from .finite import FiniteRange
from .up import settings_of

_PIPE_WIDTH = 140
_SHEETS = ("contact_sheet.png", "inserted_actors.png", "scenario.png")
_PATHS = ("bag", "fit", "controls", "report.md", "report.json", *_SHEETS)


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder of the run; what an earlier run left there is replaced.  [default: out/demo]",
)
@click.option(
    "--seconds",
    type=FiniteRange(0.1, 3600),
    default=None,
    help="Simulated time to drive.  [default: 200 frames, 10 s]",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=None,
    help="Seed of the run; equal seeds give equal recordings.  [default: 1]",
)
@click.option(
    "--replay",
    type=click.Path(path_type=Path),
    default=None,
    help="Replay this CARLA recording instead of driving.",
)
@click.option(
    "--map",
    "map_path",
    type=click.Path(path_type=Path),
    default=None,
    help="OpenDRIVE file, or shipped map, of the world; default: the recording's, or demo_town.",
)
@click.option(
    "--scenario",
    default=None,
    help="A name of 'scenario list' or a YAML file: an incident (cut_in) is recorded and replayed, "
    "a closed-loop scenario (cut_in_close) driven and judged.",
)
@click.option(
    "--insert",
    default=None,
    help="Add actors to the drive: a name of 'scenario list' (ball_and_child) or a YAML file.",
)
@click.option(
    "--gaussians",
    is_flag=False,
    flag_value=200_000,
    default=None,
    type=click.IntRange(1000, 5_000_000),
    help="Sample the scene's street and road users as Gaussians and render these, by default "
    "200000 through the cameras of 320 x 180 of the rig demo_gaussians.",
)
@click.option(
    "--fit",
    is_flag=False,
    flag_value=400,
    default=None,
    type=click.IntRange(1, 100_000),
    metavar="STEPS",
    help="Fit these Gaussians to pictures of the meshes first: 400 steps take two minutes or more "
    "on two cores.",
)
@click.option(
    "--dataset",
    is_flag=True,
    help="Make a small labelled data set and its page instead, in out/dataset_demo; takes --out "
    "and --seed.",
)
@click.option(
    "--repeat",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    help="Run it this many times and compare the runs; one that breaks is the last, and leaves its "
    "logs.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Any field of the run configuration (carla-nurec up --fields lists them).",
)
def command(
    out: Path | None,
    seconds: float | None,
    seed: int | None,
    replay: Path | None,
    map_path: Path | None,
    scenario: str | None,
    insert: str | None,
    gaussians: int | None,
    fit: int | None,
    dataset: bool,
    repeat: int,
    settings: tuple[str, ...],
) -> int:
    """Drive, render, record and report in one go; everything lands in one folder.

    With --dataset two scenarios are driven and made into a labelled data set: images, masks, boxes,
    tracks, events, a variant in other weather, marks, questions, COCO, and a page to look at. What
    is finished stays when it is ended; the same command goes on.

    Exit code 0: the run finished, every stream is complete, and its closed-loop scenario, if it has
    one, passed; 1: it did not; 2: bad input; 3: the scenario failed; 4: it was too short to tell.
    """
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH)
    if replay is not None and (scenario or insert):
        option = "--scenario records a drive" if scenario else "--insert adds actors to a drive"
        raise InputError(f"{option}; it cannot be had with --replay")
    given: dict[str, tuple[str, Any]] = {
        "run_dir": ("--out", out),
        "seed": ("--seed", seed),
        "mode": ("--replay", "replay" if replay else None),
        "log": ("--replay", replay),
        "map": ("--map", map_path),
        "scenario": ("--scenario", scenario),
        "inserted_actors": ("--insert", insert),
        "scene_gaussians": ("--gaussians", gaussians),
        "scene_fit_steps": ("--fit", fit),
        "rig": ("--gaussians", "demo_gaussians" if gaussians else None),
    }
    options = {name: option for name, (option, value) in given.items() if value is not None}
    if dataset:
        others = {**options, "seconds": "--seconds"} if seconds is not None else options
        wrong = [others[name] for name in others if name not in ("run_dir", "seed")]
        if wrong or settings or repeat > 1:
            raise InputError(f"{[*wrong, '--set or --repeat'][0]} does not go with --dataset")
        with preloaded():
            _make_dataset(console, out, seed)
        return 0
    values = {name: given[name][1] for name in options}
    for name, option, value in settings_of(settings):
        values[name], options[name] = value, option
    runs = []
    for number in range(repeat):
        with preloaded():  # anew: what hangs on Python's order of hashes shows as a difference
            asked = demo_config(values, options, seconds)
            config = settled(asked)
            _banner(console, config, f"run {number + 1} of {repeat}" if repeat > 1 else "")
            if config.frames < asked.frames:
                what = "scenario" if config.scenario else "recording"
                console.print(
                    f"the {what} ends after {config.frames * config.dt_s:g} s of the "
                    f"{asked.frames * asked.dt_s:g} s asked for",
                    soft_wrap=True,
                )
            run = _with_progress(config, console)
            runs.append(run)
            if repeat == 1:
                _streams(console, run)
            _outcome(console, config, run, paths=not run.result.ok or number == repeat - 1)
        if not run.result.ok:
            break  # the next would write over what tells why
    if repeat > 1:
        return _compare(console, config.run_dir, runs)
    return runs[0].exit_code


def _make_dataset(console: Console, out: Path | None, seed: int | None) -> None:
    from ..runs.dataset_demo import DatasetDemo
    from .demo_dataset import OUT, show_dataset_demo

    show_dataset_demo(console, DatasetDemo(out or OUT, 1 if seed is None else seed))


def _banner(console: Console, config: RunConfig, title: str) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column()
    world = config.map.name if config.map else "?"
    what = f"replay of {config.log.name}" if config.log else f"drive with seed {config.seed}"
    if config.scenario:
        what = f"scenario {Path(config.scenario).stem} with seed {config.seed}"
    if config.inserted_actors:
        what += f", with {Path(config.inserted_actors).stem}"
    table.add_row("run", f"{what} in {world}")
    table.add_row("time", f"{config.frames * config.dt_s:g} s in {config.frames} frames")
    table.add_row("folder", str(config.run_dir))
    carla = "embedded" if config.embedded_carla else "external"
    nurec = config.nurec_mode if config.nurec else "off"
    table.add_row("CARLA", f"{config.carla_host}:{config.carla_port} ({carla})")
    table.add_row("NuRec", f"{config.nurec_host}:{config.nurec_port} ({nurec})")
    table.add_row("ROS domain", f"{config.domain_id}   (ROS_DOMAIN_ID={config.domain_id} to look)")
    table.add_row(
        "cores", f"{os.cpu_count()}: the embedded servers draw on all, a node on its own threads"
    )
    console.print(Panel(table, title=title or "carla_nurec_bridge demo", title_align="left"))


def _with_progress(config: RunConfig, console: Console) -> DemoRun:
    columns = (TextColumn("{task.description:<22}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        tasks: dict[str, Any] = {}

        def show(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = progress.add_task(STEPS[step], total=total or None)
            progress.update(tasks[step], completed=done, total=total or None)

        return run_demo(config, show)


def _streams(console: Console, run: DemoRun) -> None:
    if run.report is None:
        return
    table = Table(box=None, pad_edge=False)
    for head in ("topic", "expected", "recorded", "size", "sha256"):
        justify: JustifyMethod = "left" if head in ("topic", "sha256") else "right"
        table.add_column(head, justify=justify, overflow="fold")
    for topic, expected, recorded, count, digest in stream_rows(run.report):
        whole = run.report.streams[topic].complete
        table.add_row(topic, expected, recorded if whole else f"[red]{recorded}[/]", count, digest)
    console.print(table)


def _outcome(console: Console, config: RunConfig, run: DemoRun, *, paths: bool) -> None:
    if not run.result.ok:
        console.print(f"[bold red]error:[/] {run.result.sentence}", soft_wrap=True)
        if run.result.recovered_bag is not None:
            console.print(f"the bag so far was recovered: {run.result.recovered_bag}")
    if run.result.verdict is not None:
        console.print(run.result.verdict.sentence, soft_wrap=True)
    if run.unscored:
        console.print(f"not scored: {run.unscored}", soft_wrap=True)
    if run.report is not None:
        drive = run.report.drive
        speed = run.report.wall_s_per_simulated_s
        console.print(
            f"[bold]{drive.distance_m:.1f} m[/] in {run.report.simulated_s:g} s, "
            f"{len(drive.collisions)} collisions, "
            + (f"{speed:.2f} s of wall time a simulated second, " if speed else "")
            + f"{run.wall_s:.1f} s in all",
            soft_wrap=True,
        )
    likeness = config.run_dir / "fit" / "likeness.txt"
    if likeness.exists():
        console.print(f"fitted: {likeness.read_text().strip()}", soft_wrap=True)
    for path in map(config.run_dir.joinpath, _PATHS if paths else ()):
        if path.exists():
            console.print(f"  {path}")


def _compare(console: Console, out: Path, runs: list[DemoRun]) -> int:
    """Print the table of repeated runs; return 0 when all are complete and alike."""
    table = Table(title="runs compared", title_justify="left", box=None, pad_edge=False)
    for head in ("run", "complete", "streams", "messages", "wall s", "s per sim s", "hash", ""):
        table.add_column(head, justify="right" if head not in ("hash", "") else "left")
    rows = compare(runs)
    for row in rows:
        table.add_row(
            str(row.run),
            "yes" if row.complete else "[red]no[/]",
            f"{row.streams_complete}/{row.streams}",
            f"{row.messages} ({size(row.bytes)})",
            f"{row.wall_s:.1f}",
            f"{row.wall_s_per_simulated_s or 0:.2f}",
            (row.run_sha256 or "–")[:16],
            "equal" if row.equal else "[red]differs[/]",
        )
    console.print(table)
    console.print(f"  {write_repeats(out, rows)}")
    for row in rows[1:]:
        if topics := row.differing(rows[0]):
            console.print(f"[red]run {row.run} differs from run 1 on {', '.join(topics)}[/]")
    return 0 if all(row.exit_code == 0 and row.equal for row in rows) else 1
