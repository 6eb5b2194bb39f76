"""The part of ``carla-nurec demo`` that makes a data set: one bar for all steps, and a table."""

from __future__ import annotations

import time
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from ..runs.dataset_demo import DatasetDemo, FinishedStep, make_dataset_demo

OUT = Path("out/dataset_demo")
_AIM_S = 240.0


def show_dataset_demo(console: Console, demo: DatasetDemo) -> None:
    """Make the data set and show how far it is, what each step took, and where all of it lies."""
    began = time.monotonic()
    about = Table(box=None, show_header=False, pad_edge=False)
    about.add_column(style="dim")
    about.add_column()
    clips = f"{demo.seconds:g} s at {demo.fps:g} Hz, {demo.size[0]}x{demo.size[1]}"
    about.add_row("data set", f"two scenarios, two cameras each, {clips}, seed {demo.seed}")
    about.add_row("folder", str(demo.folder))
    about.add_row("takes", f"up to {_AIM_S / 60:g} minutes on two cores")
    console.print(Panel(about, title="carla_nurec_bridge demo", title_align="left"))
    finished: list[FinishedStep] = []
    columns = (TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        task = progress.add_task("", total=None)
        shown = ""

        def on_progress(step: str, done: int, total: int) -> None:
            nonlocal task, shown
            if step != shown:
                progress.remove_task(task)
                task, shown = progress.add_task(step, total=None), step
            progress.update(task, completed=done, total=total or None)

        try:
            finished.extend(make_dataset_demo(demo, on_progress))
        except KeyboardInterrupt:
            console.print("interrupted; the same command goes on with what is not finished")
            raise
    steps = Table(box=None, pad_edge=False)
    steps.add_column("step")
    steps.add_column("s", justify="right")
    steps.add_column("made", overflow="fold")
    for step in finished:
        steps.add_row(step.name, f"{step.took_s:.1f}", str(step.path))
    console.print(steps)
    for step in finished:
        if step.note:
            console.print(f"note: {step.name}: {step.note}", soft_wrap=True)
    console.print(f"done in {time.monotonic() - began:.0f} s; open {demo.page}", soft_wrap=True)
