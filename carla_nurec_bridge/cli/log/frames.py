"""``carla-nurec log frames``: the frames of a CARLA recording and what happens in them."""

from __future__ import annotations

import math
from pathlib import Path

import click

from ...recorder_log.layouts import PacketKind
from ...recorder_log.statistics import frame_events
from ..finite import FiniteRange
from .tables import (
    FILE,
    console,
    examples,
    open_log,
    shortened,
    table,
)

_MOST_EVENTS = 3


@click.command(
    "frames",
    epilog=examples(
        "carla-nurec log frames run.log --events",
        "carla-nurec log frames run.log --from 12.5 --to 13 --limit 0",
    ),
)
@FILE
@click.option(
    "--from",
    "from_s",
    type=FiniteRange(),
    default=0.0,
    show_default=True,
    help="First time to show, seconds of the recording.",
)
@click.option(
    "--to",
    "to_s",
    type=FiniteRange(),
    default=None,
    help="Last time to show, seconds of the recording; default: the end.",
)
@click.option("--events", is_flag=True, help="Only frames in which something happens.")
@click.option(
    "--limit",
    type=click.IntRange(0),
    default=40,
    show_default=True,
    help="Most rows to show; 0 = all.",
)
def command(file: Path, from_s: float, to_s: float | None, events: bool, limit: int) -> None:
    """List the frames of the CARLA recording FILE with their times and events.

    Events are actors that appear or go, collisions, doors. Times are seconds, steps milliseconds.
    """
    log = open_log(file)
    rows = []
    for frame in log.frames:
        if from_s <= frame.elapsed_s <= (math.inf if to_s is None else to_s):
            found = list(frame_events(log, frame))
            if found or not events:
                rows.append((frame, found))
    shown = table(None, ("frame", "events"), ("time s", "step ms", "moving"))
    for frame, found in rows[: shortened(len(rows), limit)]:
        if len(found) > _MOST_EVENTS:
            found[_MOST_EVENTS:] = [f"and {len(found) - _MOST_EVENTS} more"]
        step = f"{1e3 * frame.duration_s:.1f}" if frame.duration_s >= 0 else "–"
        moving = len(log.records(frame, PacketKind.POSITION))
        shown.add_row(
            str(frame.frame_id), "; ".join(found), f"{frame.elapsed_s:.3f}", step, str(moving)
        )
    out = console()
    out.print(shown)
    left = len(rows) - shortened(len(rows), limit)
    if left:
        out.print(f"{left} more frames; --limit 0 shows all", soft_wrap=True)
