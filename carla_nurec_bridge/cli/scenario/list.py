"""``carla-nurec scenario list``: the scenarios that come with the package."""

from __future__ import annotations

import click

from ...scenarios.spec import shipped_specs
from ...world.inserted_actors_file import shipped_inserted_actors
from ..log.tables import console, table


@click.command("list")
def command() -> None:
    """List scenarios for 'scenario record' and 'demo --scenario', actors for 'demo --insert'."""
    shown = table(None, ("name", "what happens", "events"), ("s", "vehicles"))
    for spec in shipped_specs():
        seconds, vehicles = f"{spec.duration_s:g}", str(spec.vehicles)
        shown.add_row(spec.name, spec.description, ", ".join(spec.expect), seconds, vehicles)
    out = console()
    out.print(shown)
    added = table("with carla-nurec demo --insert NAME", ("name", "what happens", "who is added"))
    for file in shipped_inserted_actors():
        added.add_row(file.name, file.description, ", ".join(e.name for e in file.actors))
    out.print(added)
