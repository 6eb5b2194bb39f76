"""``carla-nurec scenario draw``: what a seed makes of added actors, before anything is run."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from ...world.inserted_actors import InsertedActors, draw_inserted_actors
from ...world.inserted_actors_file import load_inserted_actors
from ..log.tables import console, examples, table


@click.command(
    "draw",
    epilog=examples(
        "carla-nurec scenario draw ball_and_child --seed 3",
        "carla-nurec scenario draw my_actors.yaml --count 20 --json",
    ),
)
@click.argument("inserted", metavar="ACTORS")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="First seed.")
@click.option(
    "--count", type=click.IntRange(1, 1000), default=1, show_default=True, help="Seeds to show."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def command(inserted: str, seed: int, count: int, as_json: bool) -> None:
    """Show which actors 'demo --insert' adds for a seed: who, where, when, how fast.

    ACTORS is a name in the second table of 'scenario list' or a YAML file. Lengths in m, times
    in s.
    """
    file = load_inserted_actors(inserted)
    drawn = {number: draw_inserted_actors(file, number) for number in range(seed, seed + count)}
    if as_json:
        click.echo(json.dumps([{"seed": k, **asdict(d)} for k, d in drawn.items()], indent=1))
        return
    for number, actors in drawn.items():
        _show(number, actors)


def _show(seed: int, inserted: InsertedActors) -> None:
    out = console()
    out.print(
        f"seed {seed}: across the route at {inserted.crossing_m:.1f} m from the {inserted.side}, "
        f"when the hero is {inserted.gap_m:.1f} m before",
        soft_wrap=True,
    )
    numbers = ("starts", "along", "stops", "after s", "m/s")
    shown = table(None, ("who", "blueprint", "drawn as"), numbers)
    for actor in inserted.actors:
        values = (actor.outside_m, actor.along_m, actor.beyond_m, actor.delay_s, actor.speed_mps)
        asset = "" if actor.asset_id == actor.blueprint else actor.asset_id
        shown.add_row(actor.name, actor.blueprint, asset, *(f"{value:.2f}" for value in values))
    out.print(shown)
