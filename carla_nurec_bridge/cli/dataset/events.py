"""``carla-nurec dataset events``: what happens in a recorded drive."""

from __future__ import annotations

from pathlib import Path

import click

from ...core.errors import InputError
from ...core.run_contract.timebase import NS_PER_S
from ..log.tables import console, examples, table


@click.command(
    epilog=examples(
        "carla-nurec dataset events out/demo -o events.json",
        "carla-nurec dataset events out/demo/bag -s 2 -d 5 --negatives 3 --seed 7",
    )
)
@click.argument("source", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("events.json"),
    show_default=True,
    help="File to write.",
)
@click.option(
    "--map",
    "map_path",
    type=click.Path(path_type=Path),
    help="OpenDRIVE file (.xodr, .xodr.gz) in place of the bag's own map.",
)
@click.option(
    "-s",
    "--start",
    "start_s",
    type=click.FloatRange(0),
    default=0.0,
    help="First second to look at.",
)
@click.option(
    "-d",
    "--duration",
    "duration_s",
    type=click.FloatRange(0, min_open=True),
    help="Seconds to look at.  [default: to the end]",
)
@click.option(
    "--ttc", "ttc_s", type=click.FloatRange(0, min_open=True), help="Near miss below it, s."
)
@click.option(
    "--pet", "pet_s", type=click.FloatRange(0, min_open=True), help="Near miss below it, s."
)
@click.option(
    "--negatives",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="Hard negatives of each difficulty.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Draws them.")
def command(
    source: Path,
    output: Path,
    map_path: Path | None,
    start_s: float,
    duration_s: float | None,
    ttc_s: float | None,
    pet_s: float | None,
    negatives: int,
    seed: int,
) -> None:
    """Write what happens in SOURCE, a bag or a run's folder with one, and show it.

    Collisions, near misses (time to collision, post-encroachment time), wrong way, overtaking, hard
    brakes, cut-ins, red lights, jaywalking and stopped vehicles, to the tick, with the figures that
    show them; then pairs to which nothing happened, though it looks so.
    """
    from ...dataset.events import events_of_bag
    from ...dataset.store.manifest import write_whole
    from ...evaluation.incidents.incident import Thresholds

    wished = {"near_miss_ttc_s": ttc_s, "near_miss_pet_s": pet_s}
    limits = Thresholds(**{name: value for name, value in wished.items() if value is not None})
    told = events_of_bag(
        source,
        map_path,
        window_s=(start_s, duration_s),
        limits=limits,
        seed=seed,
        negatives=negatives,
    )
    try:
        write_whole(output, told.model_dump_json(indent=1).encode() + b"\n")
    except OSError as error:
        raise InputError(f"cannot write {output}: {error.strerror}") from error
    names = {
        actor.track_id: "ego"
        if actor.actor_id is None
        else f"{actor.object_class} {actor.actor_id}"
        for actor in told.actors
    }
    shown = table(None, ("event", "who", "lane", "figures"), ("from s", "to s"))
    for event in told.events:
        kind = event.kind if event.negative_of is None else f"no {event.negative_of}"
        shown.add_row(
            str(kind).replace("_", " "),
            ", ".join(names[track] for track in event.track_ids),
            event.lane or "",
            ", ".join(f"{name} {value:g}" for name, value in event.evidence.items()),
            f"{(event.start_ns - told.start_ns) / NS_PER_S:.3f}",
            f"{(event.end_ns - told.start_ns) / NS_PER_S:.3f}",
        )
    out = console()
    if "ego" not in names.values():
        out.print("note: the bag does not tell the ego's size; the ego is left out", soft_wrap=True)
    if told.events:
        out.print(shown)
    negative = sum(event.negative_of is not None for event in told.events)
    seconds = (told.end_ns - told.start_ns) / NS_PER_S
    out.print(
        f"{output}: {len(told.events) - negative} events and {negative} hard negatives in "
        f"{seconds:g} s, seconds from the first frame that was looked at",
        soft_wrap=True,
    )
