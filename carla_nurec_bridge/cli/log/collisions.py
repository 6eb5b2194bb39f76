"""``carla-nurec log collisions``: who hit whom in a CARLA recording."""

from __future__ import annotations

from pathlib import Path

import click

from ...recorder_log.queries import collision_rows, collisions
from ...recorder_log.statistics import actor_words
from .tables import (
    FILE,
    console,
    examples,
    open_log,
    table,
)

LETTERS = {"hero": "h", "vehicle": "v", "walker": "w", "light": "t", "other": "o", "any": "a"}


@click.command(
    "collisions",
    epilog=examples(
        "carla-nurec log collisions run.log",
        "carla-nurec log collisions run.log --between hero vehicle",
    ),
)
@FILE
@click.option(
    "--between",
    nargs=2,
    type=click.Choice(list(LETTERS)),
    default=("any", "any"),
    show_default=True,
    help="Kinds of the two sides, first the one with the sensor.",
)
@click.option(
    "--carla", is_flag=True, help="Print the text of CARLA's show_recorder_collisions instead."
)
def command(file: Path, between: tuple[str, str], carla: bool) -> None:
    """List the collisions in the CARLA recording FILE.

    Only actors that carried a collision sensor report; a contact that lasts is listed once. Times
    are seconds of the recording.
    """
    log = open_log(file)
    one, other = (LETTERS[side] for side in between)
    if carla:
        click.echo(collisions(log, one, other), nl=False)
        return
    rows = collision_rows(log, one, other)
    out = console()
    if not rows:
        out.print(f"no collision recorded in {log.total_s:.1f} s", soft_wrap=True)
        return
    shown = table(None, ("who", "hits"), ("time s",))
    for row in rows:
        first, second = (actor_words(log, actor_id) for actor_id in row.ids)
        shown.add_row(first, second, f"{row.time_s:.2f}")
    out.print(shown)
