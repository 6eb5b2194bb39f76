"""``carla-nurec scenario list``: the scenarios that come with the package."""

from __future__ import annotations

import click

from ..carla_client.scenarios.spec import shipped_specs
from .log_file import console, table


@click.command("list")
def command() -> None:
    """List the scenarios that 'scenario record' knows, with what each of them is."""
    shown = table(None, ("name", "what happens", "events"), ("s", "vehicles"))
    for spec in shipped_specs():
        seconds, vehicles = f"{spec.duration_s:g}", str(spec.vehicles)
        shown.add_row(spec.name, spec.description, ", ".join(spec.expect), seconds, vehicles)
    console().print(shown)
