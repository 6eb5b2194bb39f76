"""``carla-nurec log blocked``: who stood still in a CARLA recording."""

from __future__ import annotations

from pathlib import Path

import click

from ...recorder_log.layouts import ActorKind
from ...recorder_log.queries import actors_blocked, blocked_rows
from ...recorder_log.statistics import actor_words
from ..finite import FiniteRange
from .tables import (
    FILE,
    console,
    examples,
    open_log,
    table,
)

_CM_PER_M = 100.0


@click.command(
    "blocked",
    epilog=examples(
        "carla-nurec log blocked run.log --min-time 10",
        "carla-nurec log blocked run.log --min-time 5 --min-distance 0.5 --all",
    ),
)
@FILE
@click.option(
    "--min-time",
    "min_time_s",
    type=FiniteRange(0.0),
    default=30.0,
    show_default=True,
    help="Shortest standstill to list, in seconds.",
)
@click.option(
    "--min-distance",
    "distance_m",
    type=FiniteRange(0.0),
    default=0.1,
    show_default=True,
    help="Moving less than this many metres counts as standing.",
)
@click.option(
    "--all",
    "show_all",
    is_flag=True,
    help="Props and the spectator too, not only vehicles and walkers.",
)
@click.option(
    "--carla", is_flag=True, help="Print the text of CARLA's show_recorder_actors_blocked instead."
)
def command(file: Path, min_time_s: float, distance_m: float, show_all: bool, carla: bool) -> None:
    """List the actors of the CARLA recording FILE that stood still, longest first."""
    log = open_log(file)
    if carla:
        click.echo(actors_blocked(log, min_time_s, distance_m * _CM_PER_M), nl=False)
        return
    moving = (ActorKind.VEHICLE, ActorKind.WALKER)
    rows = [
        row
        for row in blocked_rows(log, min_time_s, distance_m * _CM_PER_M)
        if show_all or (row.actor_id in log.actors and log.actors[row.actor_id].kind in moving)
    ]
    out = console()
    if not rows:
        out.print(f"nobody stood still for {min_time_s:g} s", soft_wrap=True)
        return
    shown = table(None, ("who", "blueprint"), ("from s", "for s"))
    for row in rows:
        event = log.actors.get(row.actor_id)
        blueprint = event.blueprint if event else "–"
        shown.add_row(
            actor_words(log, row.actor_id),
            blueprint,
            f"{row.start_s:.2f}",
            f"{row.duration_s:.2f}",
        )
    out.print(shown)
