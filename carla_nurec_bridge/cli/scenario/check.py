"""``carla-nurec scenario check``: what would be run of a scenario file, or why it is not."""

from __future__ import annotations

import click

from ...evaluation.conditions import Condition
from ...scenarios.files import load_scenario
from ...scenarios.openscenario.file import OpenScenario
from ...scenarios.spec import ScenarioSpec
from ..log.tables import console, examples, table


@click.command(
    "check",
    epilog=examples(
        "carla-nurec scenario check cut_in_close",
        "carla-nurec scenario check my_scenario.yaml",
        "carla-nurec scenario check FollowLeadingVehicle.xosc",
    ),
)
@click.argument("scenario", metavar="SCENARIO")
def command(scenario: str) -> None:
    """Say what would be run of a scenario, or what is wrong with its file.

    SCENARIO is a name of 'scenario list', a YAML file, or an OpenSCENARIO 1.x file (.xosc). Nothing
    is started: whether the places are on the map is known when it is driven. Exit code 2: it cannot
    be run, and why, by field, or by element and line.
    """
    found, out = load_scenario(scenario), console()
    out.print(f"{found.name}: {found.description}", soft_wrap=True)
    if isinstance(found, ScenarioSpec):
        out.print(f"recorded by the script {found.script}, {found.duration_s:g} s")
        return
    where = found.map or "any map"
    out.print(f"driven and judged on {where}, for at most {found.duration_s:g} s")
    who = table("who is there", ("name", "what"), ())
    if isinstance(found, OpenScenario):
        for entity in found.entities:
            kind = "the ego" if entity.name == found.ego else f"{entity.kind} {entity.blueprint}"
            who.add_row(entity.name, kind)
        out.print(who)
        out.print(_storyboard(found))
    else:
        for adversary in found.adversaries:
            who.add_row(adversary.name, adversary.type)
        if found.inserted_actors:
            who.add_row(found.inserted_actors, "inserted actors")
        out.print(who)
    out.print("what must come of it:")
    for line in _lines(found.outcome, "  "):
        out.print(line, soft_wrap=True)


def _storyboard(scenario: OpenScenario) -> object:
    shown = table("what happens", ("act", "event", "actors", "actions"), ())
    for act in scenario.acts:
        for group in act.groups:
            for maneuver in group.maneuvers:
                for event in maneuver.events:
                    names = ", ".join(name for name, _ in event.actions)
                    shown.add_row(act.name, event.name, ", ".join(group.actors), names)
    return shown


def _lines(condition: Condition, indent: str) -> list[str]:
    own = condition.model_dump(exclude_defaults=True, exclude={"of", "type"}, by_alias=True)
    parts = condition.parts
    if not parts:
        own |= condition.model_dump(include={"of"}, exclude_defaults=True)
    fields = ", ".join(f"{name} {value}" for name, value in own.items())
    lines = [f"{indent}{condition.type}" + (f" ({fields})" if fields else "")]
    return lines + [line for part in parts for line in _lines(part, indent + "  ")]
