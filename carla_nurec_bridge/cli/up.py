"""``carla-nurec up``: start the whole graph without ros2 launch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ..core.errors import InputError
from ..core.run_contract.run_config import RunConfig, run_fields
from ..runs.config import load_config
from ..runs.graph import build_graph
from ..runs.processes.preloading import preloaded
from ..runs.recipe import as_driven, implied
from ..runs.supervisor import RunResult, Supervisor


@click.command()
@click.option(
    "--config",
    default="demo",
    show_default=True,
    help="Run configuration: a shipped name or a YAML file.",
)
@click.option(
    "--map",
    "map_path",
    type=click.Path(path_type=Path),
    default=None,
    help="OpenDRIVE file, or shipped map (demo_town), of the embedded CARLA's world.",
)
@click.option(
    "--scene",
    type=click.Path(path_type=Path),
    default=None,
    help="Scene package that NuRec renders.",
)
@click.option(
    "--run-dir",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder that the run writes to.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Any other field of the configuration; may be repeated.",
)
@click.option("--fields", is_flag=True, help="List the fields of the configuration and stop.")
def command(
    config: str,
    map_path: Path | None,
    scene: Path | None,
    run_dir: Path | None,
    settings: tuple[str, ...],
    fields: bool,
) -> int:
    """Start servers and nodes, wait for the end of the run, and say how it went.

    Exit code 0: the run finished, and its scenario, if it has one, passed; 1: it did not finish;
    2: bad input; 3: its scenario failed; 4: the run was too short to tell.
    """
    console = Console(highlight=False)
    if fields:
        for field in run_fields().values():
            line = f"[bold]{field.name}[/] = {field.text(field.default)}: {escape(field.about)}"
            console.print(line, soft_wrap=True)
        return 0
    given = {"map": map_path, "scene": scene, "run_dir": run_dir}
    overrides: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    options = {name: f"--{name.replace('_', '-')}" for name in overrides}
    for name, option, value in settings_of(settings):
        overrides[name], options[name] = value, option
    values = {**implied(overrides), **overrides}
    run = as_driven(load_config(config, options=options, **values))
    result = run_with_progress(run, console)
    console.print(result.sentence if result.ok else f"[bold red]error:[/] {result.sentence}")
    return result.exit_code or result.verdict_code


def run_with_progress(config: RunConfig, console: Console) -> RunResult:
    """Run the graph of a configuration under a progress bar."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task("frames", total=config.frames or None)

        def show(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total or None)

        with preloaded():
            return Supervisor(build_graph(config), show).run()


def settings_of(texts: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Return field, option as it was written, and value of each ``--set FIELD=VALUE``."""
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign:
            raise InputError(f"--set takes FIELD=VALUE, not {text!r}; --fields lists the fields")
        yield name, f"--set {text}", value
