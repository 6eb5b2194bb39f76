"""What the verbs of ``carla-nurec log`` share: opening the file and the look of their tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table

from ...recorder_log import Log, read_log

_UNBROKEN = ("id", "role", "blueprint")

FILE = click.argument("file", type=click.Path(path_type=Path))


def console() -> Console:
    """Return the console of a verb; what recordings hold is never taken for markup."""
    return Console(highlight=False, markup=False)


def open_log(file: Path) -> Log:
    """Read a recording and say on stderr when only a part of it is whole."""
    log = read_log(file)
    if log.note:
        Console(stderr=True, highlight=False, markup=False).print(
            f"note: {log.note}", style="yellow", soft_wrap=True
        )
    return log


def table(title: str | None, left: tuple[str, ...], right: tuple[str, ...] = ()) -> Table:
    """Return an empty table with columns of words, then columns of numbers."""
    look: dict[str, Any] = {"title_justify": "left", "title_style": "bold", "box": box.SIMPLE_HEAD}
    made = Table(title=title, pad_edge=False, padding=(0, 1, 0, 0), **look)
    for heading in left:
        made.add_column(heading, overflow="fold", no_wrap=heading in _UNBROKEN)
    for heading in right:
        made.add_column(heading, justify="right", no_wrap=True)
    return made


def examples(*lines: str) -> str:
    """Return the end of a verb's help: example commands, one a line."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def shortened(rows: int, limit: int) -> int:
    """Return how many rows to show; a limit of 0 shows all."""
    return rows if limit == 0 else min(rows, limit)
