"""``carla-nurec log actors``: who is in a CARLA recording."""

from __future__ import annotations

from pathlib import Path

import click

from ...recorder_log.statistics import ActorSummary, actor_summaries
from .tables import (
    FILE,
    console,
    examples,
    open_log,
    shortened,
    table,
)

_MOVES = ("vehicle", "walker")
_KMH = 3.6


@click.command(
    "actors",
    epilog=examples(
        "carla-nurec log actors run.log",
        "carla-nurec log actors run.log --all --limit 0",
    ),
)
@FILE
@click.option(
    "--all",
    "show_all",
    is_flag=True,
    help="Lights, signs, sensors and props too, not only vehicles and walkers.",
)
@click.option(
    "--limit",
    type=click.IntRange(0),
    default=60,
    show_default=True,
    help="Most rows to show; 0 = all.",
)
def command(file: Path, show_all: bool, limit: int) -> None:
    """List the vehicles and walkers of the CARLA recording FILE.

    Time is from when to when (s of the recording), size is length width height (m), path the
    distance moved (m), and the highest speed (km/h).
    """
    log = open_log(file)
    found = [a for a in actor_summaries(log) if show_all or a.kind in _MOVES]
    shown = table(None, ("id", "role", "blueprint"), ("time s", "size m", "path m", "km/h"))
    for actor in found[: shortened(len(found), limit)]:
        shown.add_row(*_cells(actor))
    out = console()
    out.print(shown)
    left = len(found) - shortened(len(found), limit)
    if left:
        out.print(f"{left} more actors; --limit 0 shows all", soft_wrap=True)


def _cells(actor: ActorSummary) -> tuple[str, ...]:
    size = "–" if actor.size_m is None else " ".join(f"{v:.1f}" for v in actor.size_m)
    path = "–" if actor.distance_m is None else f"{actor.distance_m:.1f}"
    top = "–" if actor.max_speed_mps is None else f"{_KMH * actor.max_speed_mps:.1f}"
    span = f"{actor.first_s:.1f}–{actor.last_s:.1f}"
    return (
        str(actor.actor_id),
        actor.role_name,
        actor.blueprint.split(".", 1)[-1],
        span,
        size,
        path,
        top,
    )
