"""``carla-nurec dataset facts``: what is known of the scenarios of a data set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...core.run_contract.timebase import NS_PER_S
from ..log.tables import console, examples, table

if TYPE_CHECKING:
    from rich.console import Console

    from ...dataset.facts import SceneFacts


@click.command(
    epilog=examples(
        "carla-nurec dataset facts out/town",
        "carla-nurec dataset facts out/town --camera front --map Town01.xodr.gz --json",
    )
)
@click.argument("run", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--scenario", "scenarios", multiple=True, help="Only this one; may be given again.")
@click.option("--camera", help="What this camera sees, in place of the whole scenario.")
@click.option(
    "--map",
    "map_paths",
    type=click.Path(path_type=Path),
    multiple=True,
    help="OpenDRIVE file of a scenario whose map is not shipped; may be given again.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one scenario a line.")
def command(
    run: Path,
    scenarios: tuple[str, ...],
    camera: str | None,
    map_paths: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Show who is in each scenario of RUN, what they do, where it is, and in what weather.

    All of it is told by the data set and the map. What neither tells is not guessed.
    """
    from ...dataset.facts import facts_of_camera, facts_of_scenario, known_map
    from ...dataset.store import Dataset

    dataset = Dataset(run)
    named = [dataset.scenario(name) for name in scenarios or dataset.manifest.scenarios]
    having = [one for one in named if camera in one.truth.cameras]
    for scenario in having or named:
        opendrive = known_map(scenario, map_paths)
        if camera is None:
            facts = facts_of_scenario(scenario, opendrive)
        else:
            facts = facts_of_camera(scenario, camera, opendrive)
        if as_json:
            click.echo(json.dumps(facts.to_json()))
        else:
            _show(facts, console())


def _show(facts: SceneFacts, out: Console) -> None:
    place, told = facts.place, facts.conditions
    where = [place.map_name, place.layout, place.setting]
    weather = [] if told is None else [told.time_of_day, f"{told.sky} sky", f"{told.road} road"]
    about = ", ".join(word.replace("_", " ") for word in [*where, *weather] if word)
    camera = "" if facts.camera is None else f", camera {facts.camera}"
    out.print(f"{facts.scenario}{camera}: {facts.frames} frames, {about}", soft_wrap=True)
    shown = table(None, ("track", "who", "does", "lanes"), ("km/h", "most km/h"))
    start_ns = facts.span.start_ns
    for actor in facts.actors:
        does = [
            f"{str(one.kind).replace('_', ' ')} {(one.span.start_ns - start_ns) / NS_PER_S:.1f}-"
            f"{(one.span.end_ns - start_ns) / NS_PER_S:.1f} s"
            for one in facts.manoeuvres
            if one.track_id == actor.track_id
        ]
        shown.add_row(
            str(actor.track_id),
            f"{actor.name} (camera)" if actor.carries_camera else actor.name,
            ", ".join(does),
            ", ".join(actor.lanes),
            f"{3.6 * actor.mean_mps:.0f}",
            f"{3.6 * actor.most_mps:.0f}",
        )
    if facts.actors:
        out.print(shown)
    for event in facts.events:
        out.print(f"{event.event_id}: {event.text}", soft_wrap=True)
    for note in facts.notes:
        out.print(f"note: {note}", soft_wrap=True)
