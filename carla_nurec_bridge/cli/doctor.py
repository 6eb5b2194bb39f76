"""``carla-nurec doctor``: check that this machine has what the package needs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..core.files.absolute import absolute
from .finite import FiniteRange

if TYPE_CHECKING:
    from ..runs.machine import MachineReport

_SIGNS = {"ok": "[green]ok[/]", "note": "[yellow]note[/]", "missing": "[bold red]missing[/]"}


@click.command(
    help="Check that this machine has what the package needs, and ask the servers that are named.",
    epilog="Servers are also named by CARLA_HOST, NUREC_HOST, COSMOS_ENDPOINT_URL, "
    "VLM_ENDPOINT_URL, LLM_ENDPOINT_URL or NIM_HOST, ports by the variables of docker/env.example. "
    "Exit code 1: something that is needed, or a named server, is missing.",
)
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="Where runs would be written; its disk is looked at.  [default: the current folder]",
)
@click.option("--carla", metavar="HOST:PORT", help="Ask this CARLA server.")
@click.option("--nurec", metavar="HOST:PORT", help="Ask this NuRec server.")
@click.option("--cosmos", metavar="URL", help="Ask this Cosmos Transfer server.")
@click.option("--vlm", metavar="URL", help="Ask this vision-language model (OpenAI's API).")
@click.option("--llm", metavar="URL", help="Ask this language model (OpenAI's API).")
@click.option(
    "--timeout",
    "limit_s",
    default=5.0,
    show_default=True,
    type=FiniteRange(0.1, 600),
    help="Seconds for a server to answer.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON (config/schemas/doctor.schema.json)."
)
def command(folder: Path, limit_s: float, as_json: bool, **given: str | None) -> int:
    """Print one row a check; exit code 1 if something that is needed is missing."""
    from ..runs import machine

    report = machine.report_of(
        {
            "machine": [*machine.look_at_python(), *machine.look_at_memory(absolute(folder))],
            "packages": machine.look_at_packages(),
            "network": machine.look_at_network(),
            "accelerator": [*machine.look_at_gpus(), *machine.look_at_engine()],
            "containers": machine.look_at_containers(),
            "endpoints": machine.look_at_endpoints(machine.endpoints_from(given), limit_s),
        }
    )
    if as_json:
        click.echo(json.dumps(report.to_json(), indent=2))
        return 0 if report.ok else 1
    console = Console(highlight=False)
    console.print(as_table(report))
    if not report.ok:
        console.print(f"[bold red]missing:[/] {escape(', '.join(report.missing))}")
        return 1
    console.print("this machine has everything that is needed")
    return 0


def as_table(report: MachineReport) -> Table:
    """Lay checks out as a table: what, state, what was found, what to do."""
    table = Table("check", "", box=None, pad_edge=False)
    table.add_column("found", overflow="fold")
    table.add_column("what to do", overflow="fold")
    for check in report.checks:
        sign = _SIGNS[check.state]
        table.add_row(escape(check.name), sign, escape(check.found), escape(check.advice))
    return table
