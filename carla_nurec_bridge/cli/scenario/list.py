"""``carla-nurec scenario list``: the scenarios that come with the package."""

from __future__ import annotations

import click

from ...scenarios.files import shipped_scenarios
from ...scenarios.spec import ScenarioSpec
from ...world.inserted_actors_file import shipped_inserted_actors
from ..log.tables import console, table


@click.command("list")
def command() -> None:
    """List scenarios for 'demo --scenario' and 'scenario record', actors for 'demo --insert'."""
    heads, numbers = ("name", "what happens"), ("s", "vehicles")
    driven = table("driven and judged: carla-nurec demo --scenario NAME", (*heads, "who"), numbers)
    recorded = table(
        "recorded: carla-nurec scenario record NAME, or demo to replay it too",
        (*heads, "events"),
        numbers,
    )
    for one in shipped_scenarios():
        seconds, vehicles = f"{one.duration_s:g}", str(one.vehicles)
        if isinstance(one, ScenarioSpec):
            events = ", ".join(one.expect)
            recorded.add_row(one.name, one.description, events, seconds, vehicles)
        else:
            who = [adversary.name for adversary in one.adversaries]
            who += [one.inserted_actors] if one.inserted_actors else []
            driven.add_row(one.name, one.description, ", ".join(who), seconds, vehicles)
    out = console()
    out.print(driven)
    out.print(recorded)
    added = table("with carla-nurec demo --insert NAME", ("name", "what happens", "who is added"))
    for file in shipped_inserted_actors():
        added.add_row(file.name, file.description, ", ".join(e.name for e in file.actors))
    out.print(added)
