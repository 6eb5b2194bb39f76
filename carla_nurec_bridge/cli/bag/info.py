"""``carla-nurec bag info``: the streams of a bag, and what is missing from it."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console, JustifyMethod
from rich.table import Table

from ...core.run_contract.timebase import NS_PER_S
from ...recording import BagReader, RunPlan
from ...recording.tally import Tally

_PIPE_WIDTH = 160


@click.command("info")
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--hashes", is_flag=True, help="Read every message and show each stream's SHA-256.")
def command(directory: Path, hashes: bool) -> int:
    """Show the streams of the bag in DIRECTORY and what is missing.

    Exit code 0: as many messages as the run's plan expects (or no plan in the bag); 3: some are
    missing; 2: no readable bag.
    """
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH)
    with BagReader(directory) as bag:
        plan = bag.plan()
        tallies = bag.tallies() if hashes else {}
        seconds = (bag.end_ns - bag.start_ns) / NS_PER_S
        console.print(
            f"[bold]{bag.path}[/]: {bag.messages_total} messages, {seconds:.2f} s, "
            f"{bag.path.stat().st_size / 1e6:.1f} MB",
            soft_wrap=True,
        )
        short = _show(console, bag, plan, tallies)
    if short:
        console.print(f"[yellow]missing messages on {short} streams[/]")
    return 3 if short else 0


def _show(console: Console, bag: BagReader, plan: RunPlan | None, tallies: dict[str, Tally]) -> int:
    """Print the table of streams; return how many lack messages."""
    table = Table(box=None, pad_edge=False)
    for head in ("topic", "type", "expected", "recorded", "QoS", *(("sha256",) if tallies else ())):
        justify: JustifyMethod = "right" if head in ("expected", "recorded") else "left"
        table.add_column(head, justify=justify, overflow="fold")
    planned = {stream.topic: stream for stream in plan.streams} if plan else {}
    span_ns = bag.run_span_ns(plan) if plan else None
    frames = (span_ns[1] - span_ns[0]) // plan.dt_ns if plan and span_ns else 0
    short = 0
    for stream in bag.streams():
        row = planned.get(stream.topic)
        expected = row.expected(frames) if row else None
        lacking = expected is not None and stream.messages < expected
        short += lacking
        count = f"[red]{stream.messages}[/]" if lacking else str(stream.messages)
        qos = "latched" if stream.latched else str(stream.qos.get("reliability", ""))
        cells = [stream.topic, stream.type, "–" if expected is None else str(expected), count, qos]
        if tallies:
            cells.append(tallies[stream.topic].sha256[:16])
        table.add_row(*cells)
    console.print(table)
    return short
