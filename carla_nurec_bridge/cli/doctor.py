"""``carla-nurec doctor``: check that this machine has what the package needs."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..runs.machine import (
    Finding,
    State,
    look_at_accelerator,
    look_at_memory,
    look_at_network,
    look_at_packages,
    look_at_python,
)

_SIGNS: dict[State, str] = {
    "ok": "[green]ok[/]",
    "note": "[yellow]note[/]",
    "missing": "[bold red]missing[/]",
}


@click.command(help="Check that this machine has what the package needs.")
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="Where runs would be written; its disk is looked at.  [default: the current folder]",
)
def command(folder: Path) -> int:
    """Print one row a check; exit code 1 if something that is needed is missing."""
    findings = [
        *look_at_python(),
        *look_at_packages(),
        *look_at_memory(folder.resolve()),
        *look_at_network(),
        *look_at_accelerator(),
    ]
    console = Console(highlight=False)
    console.print(as_table(findings))
    missing = [finding.name for finding in findings if finding.state == "missing"]
    if missing:
        console.print(f"[bold red]missing:[/] {', '.join(missing)}")
        return 1
    console.print("this machine has everything that is needed")
    return 0


def as_table(findings: list[Finding]) -> Table:
    """Lay findings out as a table: what, state, what was found, what to do."""
    table = Table("check", "", "found", "what to do", box=None, pad_edge=False)
    for finding in findings:
        table.add_row(
            finding.name, _SIGNS[finding.state], escape(finding.found), escape(finding.advice)
        )
    return table
