"""``carla-nurec log info``: what a CARLA recording holds."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timezone
from pathlib import Path

import click

from ...recorder_log import Log
from ...recorder_log.export.carla_text import file_info
from ...recorder_log.statistics import kind_name, packet_uses
from .tables import (
    FILE,
    console,
    examples,
    open_log,
    table,
)


@click.command(
    "info",
    epilog=examples(
        "carla-nurec log info run.log",
        "carla-nurec log info run.log --carla --all > run.txt",
    ),
)
@FILE
@click.option(
    "--carla", is_flag=True, help="Print the text of CARLA's show_recorder_file_info instead."
)
@click.option(
    "--all",
    "show_all",
    is_flag=True,
    help="With --carla: every frame with all its states, not only events.",
)
def command(file: Path, carla: bool, show_all: bool) -> None:
    """Show what the CARLA recording FILE holds: map, time, actors, packets."""
    if show_all and not carla:
        raise click.UsageError("--all belongs to --carla; 'log frames' lists frames as a table")
    log = open_log(file)
    if carla:
        click.echo(file_info(log, show_all=show_all), nl=False)
        return
    out = console()
    out.print(log.source, style="bold", soft_wrap=True)
    out.print(_head(log))
    actors = Counter(kind_name(event.kind) for event in log.actors.values())
    kinds = table("actors", ("kind",), ("number",))
    for kind, number in actors.most_common():
        kinds.add_row(kind, str(number))
    out.print(kinds)
    packets = table("packets", ("id", "kind"), ("packets", "records", "bytes"))
    for use in packet_uses(log):
        records = "–" if use.records is None else f"{use.records:,}"
        packets.add_row(str(use.number), use.name, f"{use.packets:,}", records, f"{use.bytes:,}")
    out.print(packets)


def _head(log: Log) -> object:
    steps_s = [f.duration_s for f in log.frames if f.duration_s > 0]
    pace = f", {1e3 * sum(steps_s) / len(steps_s):.1f} ms a frame" if steps_s else ""
    head = table(None, ("", " "))
    head.show_header = False
    head.add_row("map", log.map_name)
    head.add_row("recorded", _date(log.date_s))
    head.add_row("time", f"{log.total_s:.3f} s in {len(log.frames)} frames{pace}")
    head.add_row("version", str(log.version))
    head.add_row("size", f"{len(log.data) / 1e6:.2f} MB")
    return head


def _date(date_s: int) -> str:
    try:
        return f"{datetime.fromtimestamp(date_s, timezone.utc):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):
        return f"{date_s} s since 1970"
