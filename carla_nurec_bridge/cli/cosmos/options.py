"""Options and output that `cosmos submit` and `cosmos batch` share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from ...cosmos.jobs.contracts import CONTRACTS
from ...cosmos.jobs.protocols.connect import APIS
from ...cosmos.jobs.protocols.http import Deadline, RetryPolicy
from ...cosmos.jobs.protocols.server import Update
from ..finite import FiniteRange

PATH = click.Path(path_type=Path)
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
EXIT_CODES = (
    "Exit codes: 0 done, 1 a job failed or its video is not what was asked, 2 bad input (options, "
    "TOML, videos, token), 3 the server did not answer or the deadline passed, 130 stopped by "
    "Ctrl-C."
)
_SERVER = [
    click.option(
        "--api",
        type=click.Choice(APIS),
        default="auto",
        show_default=True,
        help="Protocol of the server.",
    ),
    click.option(
        "--backend",
        type=click.Choice(("auto", *CONTRACTS)),
        default="auto",
        show_default=True,
        help="Backend of a REST server; auto: the first that takes the job's controls.",
    ),
    click.option("--token", help="Bearer token; else COSMOS_TOKEN or COSMOS_TOKEN_FILE."),
    click.option(
        "--retries",
        type=click.IntRange(0, 100),
        default=3,
        show_default=True,
        help="How often a request that failed is repeated.",
    ),
    click.option(
        "--backoff-initial",
        type=FiniteRange(0, 600),
        default=1.5,
        show_default=True,
        help="Seconds before the first repetition.",
    ),
    click.option(
        "--backoff-multiplier",
        type=FiniteRange(1, 10),
        default=2.0,
        show_default=True,
        help="How much longer each further wait is.",
    ),
    click.option(
        "--backoff-cap",
        type=FiniteRange(0, 3600),
        default=30.0,
        show_default=True,
        help="Longest wait in seconds.",
    ),
    click.option(
        "--jitter",
        type=FiniteRange(0, 600),
        default=0.5,
        show_default=True,
        help="Up to so many seconds more, by chance.",
    ),
    click.option(
        "--poll-interval",
        type=FiniteRange(0.05, 600),
        default=5.0,
        show_default=True,
        help="Seconds between questions for a job's state (REST).",
    ),
    click.option(
        "--result-timeout",
        type=FiniteRange(1, 1e6),
        default=120.0,
        show_default=True,
        help="Seconds for fetching a result once it is there.",
    ),
]
_VIDEOS = [
    click.option(
        "--clip",
        type=click.Path(path_type=Path, exists=True, file_okay=False),
        help="Folder of control videos (out/demo/controls) for the TOML's controls.",
    ),
    click.option(
        "--fit", is_flag=True, help="Resample and cut the videos to what the backend takes."
    ),
]
_DEADLINE = click.option(
    "--deadline",
    type=FiniteRange(1, 1e7),
    default=3600.0,
    show_default=True,
    help="Seconds for everything together.",
)


def server_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how to reach a server, and how long to try."""
    return _added(_SERVER, command)


def connection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add these, and the ones for the videos and the time of all jobs together."""
    return _added([*_VIDEOS, *_SERVER, _DEADLINE], command)


def _added(
    options: Sequence[Callable[[Callable[..., Any]], Callable[..., Any]]],
    command: Callable[..., Any],
) -> Callable[..., Any]:
    for option in reversed(options):
        command = option(command)
    return command


def policy_of(settings: dict[str, Any]) -> RetryPolicy:
    """Return how requests are repeated."""
    return RetryPolicy(
        settings["retries"],
        settings["backoff_initial"],
        settings["backoff_multiplier"],
        settings["jitter"],
        settings["backoff_cap"],
    )


def deadline_of(settings: dict[str, Any]) -> Deadline:
    """Begin the overall deadline."""
    return Deadline(settings["deadline"])


class Display:
    """A progress bar on a terminal; elsewhere a line whenever a job's state changes."""

    def __init__(self) -> None:
        """Write to standard error, so that standard output holds results only."""
        self._console = Console(stderr=True, highlight=False)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} % {task.fields[note]}"),
            TimeElapsedColumn(),
        )
        self._progress = Progress(*columns, console=self._console, transient=True)
        self._tasks: dict[str, TaskID] = {}
        self._said: dict[str, tuple[str, int | None]] = {}

    def __enter__(self) -> Display:
        if self._console.is_terminal:
            self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._console.is_terminal:
            self._progress.stop()

    def show(self, name: str, update: Update) -> None:
        """Show how a job stands."""
        note = update.state if update.position is None else f"queued, {update.position} before it"
        if update.state in ("warning", "failed"):
            self._console.print(f"{name}: {update.state}: {update.message}", markup=False)
            return
        if not self._console.is_terminal:
            if self._said.get(name) != (update.state, update.position):
                self._said[name] = (update.state, update.position)
                self._console.print(f"{name}: {note}", markup=False)
            return
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=1.0, note="")
        self._progress.update(self._tasks[name], completed=update.share, note=note)
